SELECT $values FROM (
    SELECT JSONExtract(arrayJoin(splitByChar('\n', lines)), 'Tuple($types)') AS line FROM sent
)
WHERE NOT throwIf(empty($click_id), 'a line of the backup is no click')
