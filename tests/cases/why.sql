-- title: quoted names
SELECT instruction_id FROM (SELECT *, length(response) AS "Len ""gth" FROM pool($pool)) AS "My T" WHERE "My T"."Len ""gth" > 30
-- row 1: 1:105 condition 1:105=false[15]
-- title: a correlated value
SELECT instruction_id FROM pool($pool) p WHERE length(response) > (SELECT avg(length(response)) FROM pool($pool) b WHERE b.source = p.source AND b.row_number <> 8)
-- row 1: 1:48 condition 1:48=false[15, 24.23076923076923]
-- title: a correlated EXISTS
SELECT instruction_id FROM pool($pool) p WHERE EXISTS (SELECT 1 FROM pool($pool) b WHERE b.row_number = p.row_number + 1 AND b.source = 's1')
-- row 1: 1:48 condition 1:48=false[(1:90 condition), (1:126 condition)]
-- row 8: 1:48 condition 1:48=false[(1:90 condition), (1:126 condition)]
-- title: NOT EXISTS
SELECT instruction_id FROM pool($pool) p WHERE NOT EXISTS (SELECT 1 FROM pool($pool) b WHERE b.row_number = p.row_number + 1 AND b.source = 's2')
-- row 1: 1:48 condition 1:48=false[]
-- title: a window that an outer WHERE reads
SELECT instruction_id FROM (SELECT instruction_id, row_number() OVER (PARTITION BY source ORDER BY length(response), fingerprint) AS n FROM pool($pool)) WHERE n <= 0
-- row 1: 1:160 condition 1:160=false[5]
-- row 8: 1:160 condition 1:160=false[13]
-- title: a star with a column replaced
SELECT * REPLACE (length(response) AS response) FROM pool($pool) WHERE length(response) > 30
-- row 1: 1:72 condition 1:72=false[15]
-- title: a star over a CTE
WITH a AS (SELECT * EXCLUDE (prompt) FROM pool($pool)) SELECT * FROM a WHERE length(response) > 30
-- row 1: 1:78 condition 1:78=false[15]
-- title: an alias that has the name of a column
SELECT instruction_id, length(prompt) AS response FROM pool($pool) WHERE length(response) > 30
-- row 1: 1:74 condition 1:74=false[15]
-- title: an alias in WHERE
SELECT instruction_id, length(response) AS n FROM pool($pool) WHERE n > 30
-- row 1: 1:69 condition 1:69=false[15]
-- title: LATERAL
SELECT p.instruction_id FROM pool($pool) p, LATERAL (SELECT length(p.response) + 1 AS n) x WHERE x.n > 31
-- row 1: 1:98 condition 1:98=false[16]
-- title: a recursive CTE
WITH RECURSIVE c AS (SELECT instruction_id, row_number FROM pool($pool) WHERE row_number = 3 UNION SELECT p.instruction_id, p.row_number FROM pool($pool) p JOIN c ON p.row_number = c.row_number + 5) SELECT instruction_id FROM c
-- row 1: 1:29 union (1:79 condition 1:79=false[1]) (1:157 join 1:167=false[1])
-- title: CTEs of one name in nested scopes
WITH a AS (SELECT * FROM pool($pool) WHERE row_number > 5), b AS (WITH a AS (SELECT * FROM pool($pool) WHERE length(response) > 30) SELECT * FROM a) SELECT b.instruction_id FROM b JOIN a USING (instruction_id)
-- row 1: 1:110 condition 1:110=false[15]
-- row 1: 1:181 join 1:181=false[] (1:44 condition 1:44=false[1])
-- title: USING
SELECT instruction_id FROM pool($pool) JOIN score($pool, name => 'depth') USING (instruction_id) WHERE value > 30
-- row 1: 1:104 condition 1:104=false[1.0]
-- row 8: 1:104 condition 1:104=null[null]
-- title: FULL JOIN
SELECT p.instruction_id FROM pool($pool) p FULL JOIN (SELECT instruction_id FROM pool($pool) WHERE row_number > 20) q ON p.instruction_id = q.instruction_id WHERE q.instruction_id IS NOT NULL
-- row 1: 1:164 condition 1:164=false[]
-- row 8: 1:164 condition 1:164=false[]
-- title: LEFT JOIN
SELECT p.instruction_id FROM pool($pool) p LEFT JOIN (SELECT instruction_id, 1 AS k FROM pool($pool) WHERE row_number > 20) q USING (instruction_id) WHERE q.k = 1
-- row 1: 1:156 condition 1:156=null[null]
-- row 8: 1:156 condition 1:156=null[null]
-- title: RIGHT JOIN
SELECT q.instruction_id FROM pool($pool) p RIGHT JOIN (SELECT instruction_id FROM pool($pool) WHERE row_number > 20) q USING (instruction_id)
-- row 1: 1:101 condition 1:101=false[1]
-- row 8: 1:101 condition 1:101=false[8]
-- title: RIGHT JOIN without a table's name
SELECT instruction_id FROM pool($pool) p RIGHT JOIN (SELECT instruction_id FROM pool($pool) WHERE row_number > 20) q USING (instruction_id)
-- row 1: 1:42 join 1:42=false[] (1:99 condition 1:99=false[1])
-- row 8: 1:42 join 1:42=false[] (1:99 condition 1:99=false[8])
-- title: ANTI JOIN
SELECT p.instruction_id FROM pool($pool) p ANTI JOIN (SELECT source FROM pool($pool) WHERE row_number IN (1, 2)) q USING (source)
-- row 1: 1:44 join 1:44=true["s1"]
-- row 8: 1:44 join 1:44=true["s2"]
-- title: SEMI JOIN
SELECT p.instruction_id FROM pool($pool) p SEMI JOIN (SELECT source FROM pool($pool) WHERE row_number = 0) q ON p.source = q.source
-- row 1: 1:44 join 1:113=false["s1"] (1:92 condition 1:92=false[1])
-- row 8: 1:44 join 1:113=false["s2"] (1:92 condition 1:92=false[2])
-- title: a join by another column
SELECT p.instruction_id FROM pool($pool) p JOIN (VALUES ('s1', 30), ('s0', 50)) w(name, least) ON p.source = w.name AND length(p.response) > w.least
-- row 1: 1:44 join 1:121=false["tab\t\u0007 bell\u001b[31m"]
-- row 8: 1:44 join 1:99=false["s2"]
-- title: control characters
SELECT instruction_id FROM pool($pool) WHERE response LIKE 'z%'
-- row 1: 1:46 condition 1:46=false["tab\t\u0007 bell\u001b[31m"]
-- row 8: 1:46 condition 1:46=false[1007 characters]
-- title: a comma between two relations
SELECT a.instruction_id FROM pool($pool) a, pool($pool) b WHERE a.row_number = b.row_number + 1 AND b.source = 's1'
-- row 1: 1:65 condition 1:65=false[1, 2, 1]
-- title: the second of a relation and itself
SELECT b.instruction_id FROM pool($pool) a JOIN pool($pool) b ON a.row_number = b.row_number + 39
-- row 1: 1:44 join 1:66=false[1]
-- row 8: 1:44 join 1:66=false[8]
-- title: NATURAL JOIN
SELECT instruction_id FROM pool($pool) NATURAL JOIN (SELECT 's0' AS source)
-- row 1: 1:40 join
-- row 8: 1:40 join
-- title: ASOF JOIN
SELECT p.instruction_id FROM pool($pool) p ASOF JOIN (SELECT 10 AS row_number) q ON p.row_number >= q.row_number
-- row 1: 1:44 join 1:85=false[1]
-- row 8: 1:44 join 1:85=false[8]
-- title: DISTINCT ON
SELECT DISTINCT ON (source) instruction_id, source FROM pool($pool) ORDER BY source, length(response), fingerprint
-- row 1: 1:21 distinct
-- row 8: 1:21 distinct
-- title: a LIMIT inside
SELECT instruction_id FROM (SELECT instruction_id FROM pool($pool) ORDER BY row_number LIMIT 1)
-- row 1: 1:94 limit
-- row 8: 1:94 limit
-- title: a LIMIT that is computed
WITH t AS (SELECT instruction_id FROM pool($pool) ORDER BY row_number LIMIT $least - 29) SELECT instruction_id FROM t
-- row 1: 1:77 limit
-- row 8: 1:77 limit
-- title: INTERSECT
SELECT instruction_id FROM pool($pool) WHERE length(response) > 30 INTERSECT SELECT instruction_id FROM pool($pool) WHERE source = 's1'
-- row 1: 1:8 intersect (1:46 condition 1:46=false[15])
-- row 8: 1:8 intersect (1:123 condition 1:123=false["s2"])
-- title: INTERSECT of different values
SELECT instruction_id, 1 AS n FROM pool($pool) INTERSECT SELECT instruction_id, row_number FROM pool($pool) WHERE row_number <> 1
-- row 1: 1:8 intersect (1:115 condition 1:115=false[1])
-- row 8: 1:8 intersect
-- title: EXCEPT
SELECT instruction_id FROM pool($pool) EXCEPT SELECT instruction_id FROM pool($pool) WHERE row_number < 30
-- row 1: 1:8 except
-- row 8: 1:8 except
-- title: UNION of three by name
SELECT instruction_id FROM pool($pool) WHERE row_number = 20 UNION BY NAME SELECT instruction_id FROM pool($pool) WHERE row_number = 21 UNION BY NAME SELECT instruction_id FROM pool($pool) WHERE row_number = 22
-- row 1: 1:8 union (1:46 condition 1:46=false[1]) (1:121 condition 1:121=false[1]) (1:196 condition 1:196=false[1])
-- row 8: 1:8 union (1:46 condition 1:46=false[8]) (1:121 condition 1:121=false[8]) (1:196 condition 1:196=false[8])
-- title: a cast that another condition guards
SELECT instruction_id FROM pool($pool) WHERE regexp_matches(response, '^[0-9]+$') AND response::INT > 2
-- row 1: 1:46 condition 1:46=false["tab\t\u0007 bell\u001b[31m"]
-- row 8: 1:46 condition 1:46=false[1007 characters]
-- title: a NULL, and NOT of one
SELECT instruction_id FROM pool($pool) JOIN score($pool, name => 'depth') USING (instruction_id) WHERE value > 3 AND NOT (value > 18)
-- row 1: 1:104 condition 1:104=false[1.0]
-- row 8: 1:104 condition 1:104=null[null] 1:118=null[null]
-- title: NOT IN with a NULL
SELECT instruction_id FROM pool($pool) WHERE row_number NOT IN (1, 2, NULL)
-- row 1: 1:46 condition 1:46=false[1]
-- row 8: 1:46 condition 1:46=null[8]
-- title: FROM first
FROM pool($pool) SELECT instruction_id WHERE length(response) > 30
-- row 1: 1:46 condition 1:46=false[15]
-- title: columns renamed by FROM
SELECT c AS instruction_id FROM (SELECT row_number, source, instruction_id FROM pool($pool) WHERE source = 's9') t(a, b, c) WHERE b IS NOT NULL
-- row 1: 1:99 condition 1:99=false["s1"]
-- row 8: 1:99 condition 1:99=false["s2"]
-- title: columns renamed by a CTE
WITH t(id, f) AS (SELECT instruction_id, row_number FROM pool($pool) WHERE source = 's9') SELECT id AS instruction_id FROM t WHERE f > 20
-- row 1: 1:76 condition 1:76=false["s1"]
-- row 1: 1:132 condition 1:132=false[1]
-- row 8: 1:76 condition 1:76=false["s2"]
-- row 8: 1:132 condition 1:132=false[8]
-- title: a row that stands for its group
SELECT arg_min(instruction_id, row_number) AS instruction_id FROM pool($pool) GROUP BY source HAVING avg(row_number) > 19
-- row 1: 1:102 condition 1:102=false[19.0]
-- row 8: 1:8 group
-- title: HAVING with its own alias
SELECT instruction_id, count(*) AS n FROM pool($pool) JOIN (SELECT unnest([1, 2, 3]) AS k) ON k > row_number GROUP BY ALL HAVING n > 2
-- row 1: 1:130 condition 1:130=false[2]
-- row 8: 1:55 join 1:95=false[8]
-- row 8: 1:130 condition 1:130=false[1]
-- title: joins in brackets
SELECT x.instruction_id FROM (pool($pool) x JOIN score($pool, name => 'depth') y USING (instruction_id)) WHERE y.value > 30
-- row 1: 1:112 condition 1:112=false[1.0]
-- row 8: 1:112 condition 1:112=null[null]
-- title: letters of other alphabets
SELECT instruction_id FROM pool($pool) /* ünïcode 漢字 */ WHERE '漢字' <> source AND length(response) > 30
-- row 1: 1:82 condition 1:82=false[15]
-- title: comments inside a condition
SELECT instruction_id FROM pool($pool) WHERE -- why
length(response) /* x */ > -- y
30
-- row 1: 2:1 condition 2:1=false[15]
-- title: a value that is not in a list of another query
SELECT instruction_id FROM pool($pool) WHERE source IN (SELECT source FROM pool($pool) WHERE row_number = 0)
-- row 1: 1:46 condition 1:46=false["s1", (1:94 condition 1:94=false[1])]
-- row 8: 1:46 condition 1:46=false["s2", (1:94 condition 1:94=false[2])]
-- title: BETWEEN of a parameter
SELECT instruction_id FROM pool($pool) WHERE NOT (row_number BETWEEN 0 AND $least)
-- row 1: 1:46 condition 1:46=false[1]
-- row 8: 1:46 condition 1:46=false[8]
-- title: IS DISTINCT FROM, and IS TRUE
SELECT instruction_id FROM pool($pool) WHERE source IS DISTINCT FROM 's1' AND (source = 's9') IS TRUE
-- row 1: 1:46 condition 1:46=false["s1"] 1:79=false[false]
-- row 8: 1:79 condition 1:79=false[false]
-- title: ANY
SELECT instruction_id FROM pool($pool) WHERE source = ANY(SELECT 's0')
-- row 1: 1:46 condition 1:46=false["s1"]
-- row 8: 1:46 condition 1:46=false["s2"]
-- title: lists and lambdas
SELECT instruction_id FROM pool($pool) WHERE list_contains(['s1', 's2'], source) AND len([x for x in range(row_number) if x > 3]) > 35
-- row 1: 1:86 condition 1:86=false[0]
-- row 8: 1:86 condition 1:86=false[4]
-- title: a filtered aggregate
SELECT instruction_id FROM pool($pool) GROUP BY instruction_id, response HAVING sum(length(response)) FILTER (WHERE length(response) > 100) > 3
-- row 1: 1:81 condition 1:81=null[null]
-- title: a named window
SELECT instruction_id, rank() OVER w AS r FROM pool($pool) WINDOW w AS (PARTITION BY source ORDER BY row_number DESC) QUALIFY r = 1
-- row 1: 1:127 condition 1:127=false[13]
-- row 8: 1:127 condition 1:127=false[11]
-- title: another subset
SELECT instruction_id FROM subset('first')
-- row 1: 1:28 source
-- row 8: 1:28 source
-- title: every branch of OR, and CASE
SELECT instruction_id FROM pool($pool) WHERE CASE WHEN source = 's0' THEN length(response) > 40 ELSE length(response) > 49 END OR NOT (row_number = 1 OR row_number = 8)
-- row 1: 1:46 condition 1:46=false[1:46=false[1:102=false[15]], 1:131=false[1:136=true[1:136=true[1]]]]
-- title: a CASE whose ELSE is a constant
SELECT instruction_id FROM pool($pool) WHERE CASE WHEN length(response) > 50 THEN true WHEN source = 's0' THEN NULL ELSE false END
-- row 1: 1:46 condition 1:46=false[1:56=false[15], 1:93=false["s1"]]
-- title: a condition on the partner
SELECT p.instruction_id FROM pool($pool) p JOIN score($pool, name => 'depth') s ON s.instruction_id = p.instruction_id AND s.value > $least
-- row 1: 1:44 join 1:124=false[1.0]
-- row 8: 1:44 join 1:124=null[null]
-- title: a kernel's relation
SELECT instruction_id, rank FROM nearest((SELECT instruction_id, fingerprint, [length(response)::FLOAT, 1::FLOAT]::FLOAT[2] AS vector FROM pool($pool) WHERE source = 's0'), (SELECT fingerprint, [1::FLOAT, 1::FLOAT]::FLOAT[2] AS vector FROM pool($pool) WHERE row_number = 3), k => 3)
-- row 1: 1:158 condition 1:158=false["s1"]
-- row 8: 1:158 condition 1:158=false["s2"]
-- title: a kernel
SELECT instruction_id, rank FROM nearest((SELECT instruction_id, fingerprint, [length(response)::FLOAT, 1::FLOAT]::FLOAT[2] AS vector FROM pool($pool)), (SELECT fingerprint, [100::FLOAT, 1::FLOAT]::FLOAT[2] AS vector FROM pool($pool) WHERE row_number = 3), k => 3)
-- row 1: 1:34 kernel
-- title: a text of a megabyte
SELECT instruction_id FROM pool($pool) WHERE response || 'z' = 'a' AND row_number = 1
-- row 1: 1:46 condition 1:46=false["tab\t\u0007 bell\u001b[31mz"]
-- row 8: 1:46 condition 1:46=false[1007 characters] 1:72=false[8]
