-- A kernel counts by its version, and no longer by the hash of its source. Definitions that were
-- stored before are taken as made with version 1 of each kernel. The hashes that they hold stay for
-- the record: those of kernels as `kernel_sha256`, those of macros, which were over the text with
-- its comments and white space, as `macro_sha256`.
UPDATE subsets
SET definition = json_merge_patch(
    definition,
    json_object(
        'functions', to_json(map_from_entries(list_transform(
            json_keys(definition, '$.functions'),
            lambda name: {'key': name, 'value': 1}
        ))),
        'kernel_sha256', json_extract(definition, '$.functions'),
        'macro_sha256', json_extract(definition, '$.macros'),
        'macros', NULL
    )
)
WHERE json_exists(definition, '$.functions')
    AND NOT json_exists(definition, '$.kernel_sha256');
