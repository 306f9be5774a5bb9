"""A lineage without any revision, for plugins that have no tables."""
