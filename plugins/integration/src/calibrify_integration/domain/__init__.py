"""Pure rules of integration: addresses, event types and back-off, without any I/O."""
