"""Find when each note begins, the second pass: by the onset net, and one Viterbi path over the score's events."""
