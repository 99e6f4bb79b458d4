-- A link that is none of a day's leading ones had at most as many clicks that day as the last of those, and
-- none at all where there were fewer than are kept. `least` is what a link has for certain, and `most`, with
-- `unseen`, what it may have. Rows that have come since are counted as they are: a click may have several.
SELECT
    sum(day_bound) AS unseen,
    arrayReverseSort(groupArray(least))[{limit:UInt64}] AS needed,
    arraySlice(
        arrayMap(link -> link.1, arrayFilter(link -> link.2 + unseen >= needed, groupArray((name, most)))),
        1, {room:UInt64}
    ) AS links
FROM (
    SELECT name, sum(counted) AS least, sum(above) AS most, sum(day_bound_once) AS day_bound
    FROM (
        SELECT link.1 AS name, link.2 AS counted, counted - bound AS above,
            if(place = 1, bound, 0) AS day_bound_once
        FROM (
            WITH toDateTime64(day, 3, 'UTC') AS time
            SELECT if(count() < {kept:UInt64}, 0, toInt64(min(clicks))) AS bound,
                groupArray((value, toInt64($counted))) AS found
            FROM click_values
            WHERE dimension = 'leading_link' AND $where
            GROUP BY day
        )
        ARRAY JOIN found AS link, arrayEnumerate(found) AS place
        $rows
    )
    GROUP BY name
)
