"""Configuration files that ship with the core."""
