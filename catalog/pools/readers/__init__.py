"""Readers of file types (JSON Lines, JSON documents, CSV, YAML, Parquet, ...), one a file."""
