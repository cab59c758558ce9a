"""Curves and matrices, painted."""
