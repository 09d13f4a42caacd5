"""How records lie in a file: JSON Lines, JSON documents, CSV, YAML, Parquet. One file each."""
