"""Commands that outlive the daemon: the shim, and the daemon's side of it."""
