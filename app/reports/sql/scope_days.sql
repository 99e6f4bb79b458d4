SELECT day, sum(of_link), min(of_link), min(first_quarter)
FROM
(
    SELECT toDate(time) AS day, sum(clicks) AS of_link, min(time) AS first_quarter
    FROM click_sums
    WHERE $scope AND $versions
    GROUP BY day, short_code
)
GROUP BY day
