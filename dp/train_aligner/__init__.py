"""Train the aligner's own nets: the onset net and the offset net."""
