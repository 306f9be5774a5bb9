"""Migrations of the widgets."""
