"""Keeping a catalog well: finding damage, and forgetting what is damaged so that it is computed again."""
