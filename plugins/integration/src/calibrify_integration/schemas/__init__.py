"""The words on the wire about integration, in and out."""
