-- The first of these lets ClickHouse find the row by its primary key.
AND (short_code > {short_code:String} OR short_code = {short_code:String}
    AND time >= fromUnixTimestamp64Milli({time_ms:Int64}, 'UTC'))
AND (short_code, time, click_id) > ({short_code:String},
    fromUnixTimestamp64Milli({time_ms:Int64}, 'UTC'),
    CAST(unhex({click_id:String}) AS FixedString(16)))
