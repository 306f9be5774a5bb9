"""The core's own nouns as pages."""
