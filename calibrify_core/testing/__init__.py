"""Fixtures and contracts for tests of the core and of plugins."""
