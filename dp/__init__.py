"""Deep Performer: from a musical score to a natural performance, and the pipeline that learns how."""

__version__ = "0.1.0"
