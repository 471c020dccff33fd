"""Find which bars were played: repeats left out or added, and where in the recording the music is."""
