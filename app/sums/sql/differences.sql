-- The largest first. A code that is empty has no sums of its own; '' is all links together.
SELECT code, sum(in_sums) AS summed, sum(people_in_sums) AS summed_people,
    sum(stored) AS counted, sum(people) AS counted_people
FROM (
    SELECT short_code AS code, sum(clicks) AS in_sums, sum(humans) AS people_in_sums,
        0 AS stored, 0 AS people
    FROM click_sums
    WHERE version = {version:UInt64}
    GROUP BY code
    UNION ALL
    SELECT arrayJoin(arrayDistinct(['', short_code])) AS code, 0, 0, count(), countIf(NOT is_bot)
    FROM (
        SELECT short_code, is_bot FROM clicks FINAL
        PREWHERE time >= fromUnixTimestamp64Milli({first_ms:Int64}, 'UTC')
            AND time < fromUnixTimestamp64Milli({end_ms:Int64}, 'UTC')
    )
    GROUP BY code
)
GROUP BY code
HAVING summed != counted OR summed_people != counted_people
ORDER BY abs(toInt64(summed) - toInt64(counted)) DESC, code
LIMIT 10
