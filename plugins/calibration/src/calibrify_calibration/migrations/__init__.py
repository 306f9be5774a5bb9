"""The lineage of the calibration plugin's tables."""
