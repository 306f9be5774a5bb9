"""The words on the wire about maintenance, in and out."""
