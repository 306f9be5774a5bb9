"""The rules of the trade: pure functions on exact numbers and dates, no input, no output."""
