"""The calibrify command."""
