"""Signals: numbers about instructions, computed once, shard by shard."""
