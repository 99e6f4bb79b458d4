-- Breakdowns that don't add up to the totals of the same version; of people's visitors, whom two links
-- or values may share, only those by kind, of which there is one.
SELECT version, short_code, by, summed, summed_people, whole.clicks, whole.humans
FROM (
    SELECT version, short_code, replaceRegexpOne(toString(dimension), ' at [0-9]+', ' by hour') AS by,
        sum(clicks) AS summed, sum(humans) AS summed_people,
        sumIf(visitors, value = 'person') AS people
    FROM click_values
    WHERE day BETWEEN {first:Date} AND {last:Date} AND version IN {versions:Array(UInt64)}
        AND dimension NOT IN ('link', 'leading_link')
    GROUP BY version, short_code, by
) AS parts
LEFT JOIN (
    SELECT version, short_code, sum(clicks) AS clicks, sum(humans) AS humans,
        sum(visitors_first_of_day) AS firsts, sum(visitors_last_of_day) AS lasts
    FROM click_sums
    WHERE toDate(time) BETWEEN {first:Date} AND {last:Date} AND version IN {versions:Array(UInt64)}
        AND short_code IN (
            SELECT DISTINCT short_code FROM click_values WHERE day BETWEEN {first:Date} AND {last:Date}
        )
    GROUP BY version, short_code
) AS whole USING (version, short_code)
WHERE summed != clicks OR summed_people != humans
    OR (by IN ('kind', 'kind by hour') AND (people != firsts OR firsts != lasts))
ORDER BY version, short_code, by
LIMIT 10
