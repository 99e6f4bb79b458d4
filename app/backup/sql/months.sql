SELECT toUInt32(_partition_id) AS month, count() FROM {table:Identifier} GROUP BY month
