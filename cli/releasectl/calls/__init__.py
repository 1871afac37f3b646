"""Calls to the daemon: found, made, and followed over restarts."""
