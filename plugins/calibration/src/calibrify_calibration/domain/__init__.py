"""Pure rules of calibration: decisions, due dates and uncertainties, without any I/O."""
