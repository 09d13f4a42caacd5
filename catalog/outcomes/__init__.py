"""Exports as they are recorded, and the results of what was trained on them."""
