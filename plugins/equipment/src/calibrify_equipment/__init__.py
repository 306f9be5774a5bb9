"""Equipment: what is owned, where it is, and what state it is in."""
