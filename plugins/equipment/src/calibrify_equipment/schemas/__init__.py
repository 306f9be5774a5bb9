"""The words on the wire about equipment, in and out."""
