SELECT day, version FROM click_sum_days FINAL
WHERE state = 3 AND at < now() - toIntervalHour({hours:UInt32})
ORDER BY version
