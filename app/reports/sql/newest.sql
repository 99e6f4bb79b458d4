SELECT toUnixTimestamp64Milli(time), short_code, toValidUTF8(referrer), toValidUTF8(user_agent), toValidUTF8(host),
    target, toString(country), toString(region), toString(city), is_bot
FROM clicks FINAL
$prewhere
$where
ORDER BY time DESC, click_id DESC
LIMIT {limit:UInt32} OFFSET {offset:UInt32}
