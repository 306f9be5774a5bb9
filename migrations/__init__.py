"""Alembic's environment, the revision template, and the revisions of the core lineage."""
