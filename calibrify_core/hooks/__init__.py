"""Hook specifications, declarations and the plugin manager."""
