"""Known failure modes: what they are, when they tell of a failure, what repairs it."""
