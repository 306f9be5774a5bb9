"""Verbs on the nouns of maintenance."""
