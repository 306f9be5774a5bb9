"""Equipment as pages."""
