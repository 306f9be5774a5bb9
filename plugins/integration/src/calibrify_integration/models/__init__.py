"""Tables of the integration plugin."""
