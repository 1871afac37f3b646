"""Looks at the world before anything is touched, and plans or refuses: a run, a revert."""
