"""Files by their content: the interface and its back ends."""
