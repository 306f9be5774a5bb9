"""The unit of work: all that a service may touch."""
