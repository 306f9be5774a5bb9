"""Commands of the equipment plugin."""
