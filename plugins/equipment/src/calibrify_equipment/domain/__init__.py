"""Pure rules of equipment: states, tags and ranges, without any I/O."""
