-- Versions that don't count any more, that were never published, or that are too old to be kept.
INSERT INTO click_sum_days (day, version, state, marks_before, clicks, humans)
SELECT day, version, 3, marks_before, clicks, humans
FROM (
    SELECT *, maxIf(version, state IN (1, 2)) OVER (PARTITION BY day) AS current
    FROM click_sum_days FINAL
)
WHERE state IN (1, 2) AND version < current
    OR state = 0 AND (version < current OR at < now() - toIntervalHour({hours:UInt32}))
    OR state IN (1, 2) AND day IN {days:Array(Date)}
