"""A run as it goes, and the list of runs."""
