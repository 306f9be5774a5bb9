"""Revisions of the widgets."""
