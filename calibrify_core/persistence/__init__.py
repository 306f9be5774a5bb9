"""The database floor: base, types, engines, sessions, scoping, lineages."""
