"""The commands around a release."""
