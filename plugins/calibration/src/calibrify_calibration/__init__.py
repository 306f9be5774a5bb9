"""Calibration: schedules, readings, decisions and certificates."""
