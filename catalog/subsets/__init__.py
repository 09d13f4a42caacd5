"""Subsets: stored, compared, verified, exported."""
