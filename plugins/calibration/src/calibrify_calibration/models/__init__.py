"""Tables of the calibration plugin."""
