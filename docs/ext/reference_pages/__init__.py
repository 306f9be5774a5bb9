"""The Sphinx extension that writes the reference from what core and plugins declare."""
