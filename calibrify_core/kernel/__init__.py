"""The ground: errors, settings, clock, ids, actor; imports nothing of ours."""
