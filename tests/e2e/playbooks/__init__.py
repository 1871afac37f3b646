"""Playbooks: which tell of a failure, and what repairs it."""
