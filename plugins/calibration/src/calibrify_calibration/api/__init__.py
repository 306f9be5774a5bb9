"""Calibrations as JSON resources."""
