-- The day's links with the most clicks, once more and apart: a report that shows few of all links finds
-- them by these rows, without reading those of all links.
INSERT INTO click_values
SELECT '', 'leading_link', day, value, version, sum(clicks), sum(humans), sum(visitors), sum(bot_visitors)
FROM click_values
WHERE short_code = '' AND dimension = 'link' AND day = {day:Date} AND version = {version:UInt64}
GROUP BY day, value, version
ORDER BY sum(clicks) DESC, value
LIMIT {most:UInt32}
