"""Computation and import of signals."""
