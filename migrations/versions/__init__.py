"""Revisions of the core lineage."""
