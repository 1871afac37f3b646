"""Everything that a release needs, looked at before it needs it: one function per check, one file per subject."""
