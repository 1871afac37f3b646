"""Questions about the past."""
