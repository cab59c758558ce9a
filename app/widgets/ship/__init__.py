"""Parts of the Ship page."""
