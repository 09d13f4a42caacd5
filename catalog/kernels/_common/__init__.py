"""Numerics that kernels share."""
