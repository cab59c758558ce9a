"""The only code that writes project files."""
