"""The checkout and its remote, through git, hardened."""
