"""The core's own nouns as JSON resources."""
