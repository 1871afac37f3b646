"""The way back, from wherever a release stands."""
