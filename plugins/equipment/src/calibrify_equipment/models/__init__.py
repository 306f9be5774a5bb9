"""Tables of the equipment plugin."""
