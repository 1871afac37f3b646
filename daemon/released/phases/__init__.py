"""What each phase of a release does, as lists of steps that read like the operations manual."""
