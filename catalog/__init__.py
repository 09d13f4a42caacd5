"""A database-backed catalog for supervised-fine-tuning data."""
