-- Also of days whose clicks are gone, and whose sums are what is known.
SELECT DISTINCT toDate(time) FROM clicks
WHERE short_code = {code:String} AND time >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
    AND time < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
UNION DISTINCT
SELECT DISTINCT toDate(time) FROM click_sums
WHERE short_code = {code:String} AND toUnixTimestamp(time) * 1000 + 900000 > {since_ms:Int64}
    AND toUnixTimestamp(time) * 1000 < {until_ms:Int64}
