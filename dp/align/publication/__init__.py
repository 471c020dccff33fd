"""Align as the Bach Violin Dataset does, to reproduce its alignments and to compare with."""
