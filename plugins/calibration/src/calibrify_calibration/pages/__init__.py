"""Calibrations as pages."""
