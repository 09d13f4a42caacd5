"""Selections: selectors, definitions, runs and explanations."""
