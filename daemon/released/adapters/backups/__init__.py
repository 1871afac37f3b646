"""Backup sets: archives that are read back before they count."""
