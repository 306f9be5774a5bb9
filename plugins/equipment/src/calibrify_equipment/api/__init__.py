"""Equipment as JSON resources."""
