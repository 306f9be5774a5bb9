"""Calibrify: the open system for calibration management."""
