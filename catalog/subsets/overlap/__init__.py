"""Overlap of pools and subsets with test sets, computed once for each member and test item."""
