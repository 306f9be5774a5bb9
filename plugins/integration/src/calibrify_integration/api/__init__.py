"""Integration as JSON resources."""
