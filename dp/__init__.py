"""Deep Performer: from a musical score to a natural performance, and the pipeline that learns how."""

from dp.version import __version__ as __version__
