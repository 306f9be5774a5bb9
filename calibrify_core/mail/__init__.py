"""Outgoing mail: the interface and its back ends."""
