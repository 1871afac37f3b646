"""The way back: what stood before, and what of it is brought back."""
