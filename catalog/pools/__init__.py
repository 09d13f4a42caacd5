"""Pools: files read as instructions, registered as numbered versions."""
