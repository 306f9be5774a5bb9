"""Integration as pages."""
