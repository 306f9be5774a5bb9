"""Tables of the maintenance plugin."""
