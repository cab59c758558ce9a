"""A run as a process: what works, what supervises, what is told, and the report at its end."""
