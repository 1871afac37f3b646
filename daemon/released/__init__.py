"""The daemon: models each release as a state machine whose events are appended to a store."""
