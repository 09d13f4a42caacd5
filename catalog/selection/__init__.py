"""Selections: a selector read, planned, explained, executed."""
