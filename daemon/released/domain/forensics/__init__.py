"""What the record tells of the past: from events alone, without a look at the world."""
