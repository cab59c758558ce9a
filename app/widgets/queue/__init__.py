"""The queue of a project: what waits, when it is its turn, and what can be done about it."""
