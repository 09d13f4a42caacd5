"""Hooks for the training libraries of others; each imports its library, so import only what you use."""
