"""The shim: a small program between the daemon and a command, so that the command outlives the daemon."""
