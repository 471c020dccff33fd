"""Find when each note's sound ends, by the offset net."""
