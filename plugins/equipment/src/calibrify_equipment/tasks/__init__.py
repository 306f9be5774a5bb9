"""Background work on equipment."""
