"""Two stores: DuckDB for rows, LanceDB for vectors."""
