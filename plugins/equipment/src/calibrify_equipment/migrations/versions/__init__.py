"""Revisions of the equipment plugin's tables."""
