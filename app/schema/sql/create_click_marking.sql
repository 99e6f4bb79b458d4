-- Marks the days of clicks that come late. The day that still runs is not marked: it has no sums yet, and
-- they are not begun before its last inserts are over. The time is the block's, since an insert may take long.
CREATE MATERIALIZED VIEW IF NOT EXISTS click_marking TO click_marks AS
SELECT toDate(time) AS day, max(nowInBlock('UTC')) AS marked_at
FROM $clicks
WHERE time < toStartOfDay(nowInBlock('UTC'))
GROUP BY day
