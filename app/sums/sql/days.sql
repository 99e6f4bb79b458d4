-- Of each version the row of its highest state, of each day its newest version.
SELECT day, max(version) AS current, argMax(state, version), argMax(marks_before, version),
    max(marked_at), argMax(clicks, version), argMax(humans, version), argMax(at, version),
    argMax(revision, version)
FROM (
    SELECT day, version, state, marks_before, toDateTime(0, 'UTC') AS marked_at, clicks, humans, at,
        revision
    FROM click_sum_days FINAL
    WHERE day >= {first:Date} AND day < {end:Date} AND state IN (1, 2)
    UNION ALL
    SELECT day, 0, 0, toDateTime(0, 'UTC'), marked_at, 0, 0, toDateTime64(0, 3, 'UTC'), 0
    FROM click_marks
    WHERE day >= {first:Date} AND day < {end:Date}
)
GROUP BY day
ORDER BY day
