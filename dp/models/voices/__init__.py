"""Voices: every performed note sounds by itself; see `model`."""
