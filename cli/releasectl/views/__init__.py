"""How what the daemon says is shown: to people in text, to programs in JSON."""
