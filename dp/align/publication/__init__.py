"""The aligner of the Bach Violin Dataset, to reproduce its alignments and to compare with."""
