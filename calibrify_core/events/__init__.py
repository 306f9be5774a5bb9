"""Domain events: published in the transaction, delivered within it or after it."""
