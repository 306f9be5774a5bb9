"""Pages of the maintenance plugin."""
