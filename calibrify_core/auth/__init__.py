"""Who you are, what you may do, how often."""
