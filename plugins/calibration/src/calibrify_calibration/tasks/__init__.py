"""Background work on calibrations."""
