"""The thin client of released."""
