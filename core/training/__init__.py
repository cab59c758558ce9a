"""From choices to a run specification; no engine is imported here."""
