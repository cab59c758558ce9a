"""One module a page of the rail; pages do not know each other."""
