-- Of some links no more rows are looked at than say that these are not few.
SELECT 'all' AS whose, count() AS found, min(time) AS oldest, max(time) AS newest FROM clicks
$links
$frozen
