"""The dossier of a release: one page for a browser, or the draft of a post-mortem, made of what the daemon tells."""
