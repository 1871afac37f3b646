"""What may be typed, and how it is asked for and completed."""
