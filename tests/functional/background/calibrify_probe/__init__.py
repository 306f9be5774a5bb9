"""A plugin for the tests of background work."""
