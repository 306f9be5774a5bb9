"""It has no tables."""
