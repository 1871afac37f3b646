"""The Docker engine and Compose."""
