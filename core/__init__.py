"""Lensmith's headless engine: no Qt, and no torch outside ``core.backends``."""

__version__ = "0.1.0"
