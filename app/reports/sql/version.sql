SELECT toString(groupBitXor(cityHash64(table, name)))
FROM system.parts
WHERE active AND database = currentDatabase()
    AND table IN ('clicks', 'click_sums', 'click_values', 'click_sum_days')
