"""Playbooks at work: matched, tried on past failures, looked with, applied."""
