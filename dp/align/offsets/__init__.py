"""The offset net says when each note's sound ends."""
