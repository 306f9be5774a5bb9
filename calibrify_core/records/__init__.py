"""What many kinds of record share: files, numbering, lists."""
