UNION ALL
SELECT 'links', count(), min(time), max(time)
FROM (SELECT time FROM clicks PREWHERE $scope LIMIT {most:UInt64})
