"""Verbs on the nouns of equipment."""
