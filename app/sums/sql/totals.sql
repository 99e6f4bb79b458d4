-- Of all links together, and of each.
SELECT version, sumIf(clicks, short_code = ''), sumIf(humans, short_code = ''),
    sumIf(clicks, short_code != ''), sumIf(humans, short_code != '')
FROM click_sums
WHERE version IN {versions:Array(UInt64)}
GROUP BY version
