"""Drives releases: decides, records, runs steps, recovers after a crash."""
