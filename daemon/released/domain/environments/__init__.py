"""What is known of an environment besides its releases: holds, hooks, returns, drift, its host."""
