"""The outside world in our words: git, Docker, Compose, scripts, backups, probes."""
