"""The wire format: released.v1, generated from releases.proto and committed."""
