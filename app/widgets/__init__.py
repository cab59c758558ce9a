"""Parts that pages are made of; they know no page and no project."""
