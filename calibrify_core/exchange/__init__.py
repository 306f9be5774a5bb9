"""Import, export, documents and search."""
