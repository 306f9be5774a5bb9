"""Background work on maintenance."""
