"""What is told to others when a release halts, and how it reaches them."""
