"""Cache regions: the interface and its back ends."""
