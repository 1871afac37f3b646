"""Pure rules of a release: no input, output, clock or randomness."""
