"""The first pass: a rough map between score and recording, by dynamic time warping of pitch bands."""
