"""What is refused before anything is done."""
