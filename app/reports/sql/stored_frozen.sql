UNION ALL
SELECT 'frozen', count(), toDateTime64(0, 3, 'UTC'), toDateTime64(0, 3, 'UTC')
FROM click_sum_days WHERE state = {frozen:UInt8}
