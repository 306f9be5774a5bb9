"""Verbs on the nouns of calibration."""
