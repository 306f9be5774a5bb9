"""The lineage of the equipment plugin's tables."""
