"""The rules of maintenance: pure functions on states, checklists and dates, no input, no output."""
