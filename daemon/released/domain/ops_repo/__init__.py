"""What the files of an ops repo mean."""
