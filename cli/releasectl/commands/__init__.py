"""The subcommands, one per file; each module has its click command as ``command``."""
