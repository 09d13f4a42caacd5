-- The option of a load that names the fields of its records is called fields; it was called map.

UPDATE pool_versions
SET options = json(replace(CAST(json(options) AS VARCHAR), '"map":{', '"fields":{'))
WHERE json_exists(options, '$.map');
