"""The words on the wire about calibration, in and out."""
