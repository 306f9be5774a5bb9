"""The lineage of the integration plugin's tables."""
