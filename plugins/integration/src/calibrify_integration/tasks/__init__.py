"""Background work on integration."""
