"""Preparing data for training and evaluation: overlap with tests, splits, token counts."""
