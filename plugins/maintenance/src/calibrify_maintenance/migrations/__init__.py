"""The lineage of the maintenance plugin's tables."""
