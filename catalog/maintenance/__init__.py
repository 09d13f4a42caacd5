"""Maintenance: finding damage, and forgetting damaged parts so that they are computed again."""
