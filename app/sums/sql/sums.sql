-- A visitor counts in the first and in the last quarter of theirs in the day, and in the first in each hour.
-- Their quarters are held as bits of a number: arrays of as many visitors would take far more.
INSERT INTO click_sums
SELECT code, toDateTime({first_ms:Int64} / 1000 + quarter * 900, 'UTC'), {version:UInt64},
    sum(clicks), sum(humans), sum(of_day), sum(end_of_day), sum(of_hour)
FROM (
    SELECT $code AS code, quarter, 1 AS clicks, NOT is_bot AS humans,
        0 AS of_day, 0 AS end_of_day, 0 AS of_hour
    FROM day_clicks
    WHERE $which
    UNION ALL
    SELECT code, point.1, 0, 0, point.2, point.3, point.4
    FROM (
        SELECT $code AS code, min(quarter) AS first, max(quarter) AS last,
            bitPositionsToArray(groupBitOr(bitShiftLeft(toUInt128(1), quarter))) AS quarters,
            arrayJoin(arrayMap(
                (one, before) -> (one, one = first, one = last, intDiv(one, 4) != intDiv(before, 4)),
                quarters, arrayPushFront(arrayPopBack(quarters), 255)
            )) AS point
        FROM day_clicks
        WHERE NOT is_bot AND visitor_id != 0 AND $which
        GROUP BY code, visitor_id
    )
)
GROUP BY code, quarter
