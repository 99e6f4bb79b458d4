-- Clicks of one slice of time, in the order of the table: first the hottest link's, then the others'.
-- Of both, time goes on with the number, and a little by chance.
INSERT INTO filling
    (click_id, time, short_code, target, ip, visitor_id, country, browser, os, device, is_bot, bot,
     referrer_host, referrer, user_agent, host, language, geo_version, enriched_at,
     source, channel, referrer_domain, utm_source, utm_campaign)
WITH
    number < %(hottest)s AS is_hottest,
    log(%(links)s + 1) AS doublings,
    -- The inverse of Zipf's distribution; what stands behind the point says when in the slice.
    exp((number - %(hottest)s) / (%(of_all)s - %(hottest)s) * doublings) AS place,
    floor(place) AS link,
    if(is_hottest, number / %(hottest)s, place - link) AS gone,
    if(is_hottest, 1 / %(hottest)s, place * doublings / (%(of_all)s - %(hottest)s)) AS step,
    cityHash64(%(first)s + number) AS chance,
    intHash64(chance) AS chance2,
    chance %% 1000003 / 1000003 AS early,
    toInt64(%(since_ms)s + %(span_ms)s * least(gone + early * step, 0.9999999)) AS ms,
    fromUnixTimestamp64Milli(ms, 'UTC') AS clicked,
    leftPad(toString(toUInt32(link)), 6, '0') AS digits,
    intHash64(chance2 %% %(people)s) AS visitor,
    visitor %% 100 < 15 AS is_program,
    -- Of things in an order, the first are picked far more often.
    (things, seed) -> things[toUInt32(exp(seed %% 100003 / 100003 * log(length(things) + 1)))] AS pick,
    ['US', 'DE', 'IN', 'GB', 'FR', 'BR', 'JP', 'CA', 'IT', 'ES', 'NL', 'PL', 'AU', 'MX', 'AT',
     'CH', 'SE', 'KR', 'ID', 'TR', 'BE', 'AR', 'DK', 'NO', 'FI', 'CZ', 'PT', 'RO', 'GR', 'HU',
     'IE', 'NZ', 'ZA', 'SG', 'TH', 'PH', 'MY', 'VN', 'UA', 'CL', 'CO', 'PE', 'EG', 'SA', 'AE',
     'IL', 'NP', 'PK', 'BD', 'NG', 'KE', 'MA', 'SK', 'BG', 'HR', 'LT', 'SI', 'LV', 'EE', 'IS'
    ] AS countries,
    ['en-US', 'de', 'en-GB', 'fr', 'es', 'pt-BR', 'ja', 'it', 'nl', 'pl', 'sv', 'ko', 'tr', 'cs',
     'ru', 'zh-CN', 'da', 'fi', 'nb', 'hu'] AS languages,
    [('www.google.com', 'google.com', 'Google', 'Organic Search'), ('', '', '', 'Direct'),
     ('t.co', 't.co', 'X', 'Organic Social'),
     ('www.facebook.com', 'facebook.com', 'Facebook', 'Organic Social'),
     ('l.instagram.com', 'instagram.com', 'Instagram', 'Organic Social'),
     ('www.reddit.com', 'reddit.com', 'Reddit', 'Organic Social'),
     ('news.ycombinator.com', 'ycombinator.com', 'Hacker News', 'Referral'),
     ('www.linkedin.com', 'linkedin.com', 'LinkedIn', 'Organic Social'),
     ('duckduckgo.com', 'duckduckgo.com', 'DuckDuckGo', 'Organic Search'),
     ('www.bing.com', 'bing.com', 'Bing', 'Organic Search'),
     ('mail.example.com', 'example.com', 'example.com', 'Referral'),
     ('forum.example.net', 'example.net', 'example.net', 'Referral')] AS sites,
    [('Chrome', 'Windows', 'desktop', 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36'),
     ('Mobile Safari', 'iOS', 'mobile', 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{}.5 Mobile/15E148 Safari/604.1'),
     ('Chrome Mobile', 'Android', 'mobile', 'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Mobile Safari/537.36'),
     ('Safari', 'Mac OS X', 'desktop', 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{}.5 Safari/605.1.15'),
     ('Edge', 'Windows', 'desktop', 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36 Edg/{}.0.0.0'),
     ('Firefox', 'Windows', 'desktop', 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:{}.0) Gecko/20100101 Firefox/{}.0'),
     ('Firefox', 'Linux', 'desktop', 'Mozilla/5.0 (X11; Linux x86_64; rv:{}.0) Gecko/20100101 Firefox/{}.0'),
     ('Samsung Internet', 'Android', 'mobile', 'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/{}.0 Chrome/125.0.0.0 Mobile Safari/537.36')
    ] AS agents,
    [('Googlebot', 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)'),
     ('bingbot', 'Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)'),
     ('AhrefsBot', 'Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)')] AS programs,
    pick(agents, visitor) AS agent,
    pick(programs, chance) AS program,
    if(is_program, ('', '', '', 'Direct'), pick(sites, chance2)) AS origin,
    origin.1 AS site
SELECT
    toFixedString(concat(
        reinterpretAsFixedString(byteSwap(bitOr(bitShiftLeft(toUInt64(ms), 16), 28672 + chance2 %% 4096))),
        reinterpretAsFixedString(bitOr(chance, 128))), 16),
    clicked,
    if(is_hottest, 'hottest', concat('link', digits)),
    if(is_hottest, 'https://shop.example.com/p/hottest/?utm_source=newsletter&utm_campaign=autumn',
        concat('https://shop.example.com/p/', digits, '/?utm_source=newsletter&utm_campaign=autumn')),
    -- As it is kept: without what tells a person.
    IPv4ToIPv6(toUInt32(bitAnd(visitor, 4294967040))),
    cityHash64(visitor, toDate(clicked)),
    pick(countries, intHash64(visitor + 1)),
    if(is_program, '', agent.1), if(is_program, '', agent.2), if(is_program, '', agent.3),
    is_program, if(is_program, program.1, ''),
    site,
    -- Most browsers tell no more than the site.
    if(site = '', '', concat('https://', site, '/', if(chance %% 10 < 7, '', lower(hex(toUInt16(chance)))))),
    if(is_program, program.2, replaceAll(agent.4, '{}', toString(100 + visitor %% 40))),
    'go.example', pick(languages, intHash64(visitor + 2)), '2026-11',
    clicked + toIntervalMillisecond(300 + chance %% 1000) + toIntervalSecond(%(later_seconds)s),
    origin.3, origin.4, origin.2, 'newsletter', 'autumn'
FROM numbers(%(count)s)
