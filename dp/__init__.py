"""Deep Performer: from a musical score to a natural performance, and the pipeline that learns how.

    import dp

    notes = dp.align("score.musicxml", "recording.mp3")  # when each note sounds
    rendering = dp.render("score.musicxml", "models/ours")  # the score, performed

Nothing heavy loads before it is needed; `docs/api.md` describes all of it.
"""

import sys
from types import FunctionType, ModuleType

from dp.api import AlignedNotes, align, load_models, make_demo, performers, read_score, render
from dp.errors import DataError
from dp.version import __version__

__all__ = [
    "AlignedNotes",
    "DataError",
    "__version__",
    "align",
    "load_models",
    "make_demo",
    "performers",
    "read_score",
    "render",
]


class _Package(ModuleType):
    """This package, in which `align` and `render` are functions and folders with modules at once.

    Python sets a folder that it imports as an attribute of its package. Here the function keeps the name, and takes on
    all that the folder holds: `dp.align(...)` and `dp.align.pipeline` both work, whatever was imported first.
    """

    def __setattr__(self, name: str, value: object) -> None:
        held = self.__dict__.get(name)
        if isinstance(held, FunctionType) and isinstance(value, ModuleType):
            held.__dict__ = value.__dict__
        else:
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
