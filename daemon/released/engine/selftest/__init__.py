"""What a version of released proves about a record that it has: it would recover from a crash anywhere in it."""
