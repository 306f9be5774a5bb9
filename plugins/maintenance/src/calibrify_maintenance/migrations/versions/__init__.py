"""Revisions of the calibration plugin's tables."""
