"""A small plugin with which the tests drive the API kit."""
