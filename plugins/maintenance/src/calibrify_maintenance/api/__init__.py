"""Maintenance as JSON resources."""
