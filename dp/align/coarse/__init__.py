"""Map a score roughly onto a recording, the first pass: dynamic time warping of pitch bands."""
