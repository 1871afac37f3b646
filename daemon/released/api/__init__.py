"""The gRPC face of the daemon."""
