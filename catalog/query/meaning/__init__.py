"""What a SQL text means: a second reading of it, by sqlglot, held against DuckDB's own.

DuckDB decides what runs, what is refused and what identifies a definition. Nothing that changes an
answer rests on this package. It explains: what changed between two texts, in which other dialect
the same query can be written. Only what both parsers read alike is explained.
"""
