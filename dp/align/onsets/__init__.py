"""The second pass: the onset net, and one Viterbi path over the score's events, say when each note begins."""
