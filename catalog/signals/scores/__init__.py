"""Scores: one number about an instruction."""
