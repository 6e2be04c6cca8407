"""What host applications run by themselves when they start."""
