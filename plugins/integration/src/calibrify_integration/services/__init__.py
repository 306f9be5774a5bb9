"""Verbs on the nouns of integration."""
