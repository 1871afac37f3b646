"""What is known of a release, and what may become of it: states, plans, steps, decisions, words."""
