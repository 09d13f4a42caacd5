"""The two stores: DuckDB for rows, LanceDB for vectors."""
