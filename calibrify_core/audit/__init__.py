"""The append-only trail and its seal."""
