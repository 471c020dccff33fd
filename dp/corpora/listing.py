"""A corpus is listed as these dataclasses, under ids that are made here."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from dp.types import Recording

_MAX_ID_LENGTH = 100  # ids become names of files
_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")


@dataclass(frozen=True)
class Missing:
    """A recording the corpus should have but cannot give."""

    recording_id: str
    reason: str


@dataclass(frozen=True)
class PublishedRecording:
    """A performance whose alignment the corpus publishes: it teaches timing even where its audio is not at hand."""

    recording: Recording  # its audio may be missing, its score is there
    notes_path: Path  # the notes that were aligned
    alignment_path: Path  # when each of them sounds


@dataclass(frozen=True)
class Corpus:
    """All of a corpus; each part in the corpus's own order."""

    recordings: tuple[Recording, ...]
    missing: tuple[Missing, ...]
    published: tuple[PublishedRecording, ...] = ()


def is_id(text: str) -> bool:
    """Return whether a text can be an id: letters, digits, _ and - only, so that it is safe as the name of a file."""
    return _ID.fullmatch(text) is not None


def make_path_id(path: Path, root: Path) -> str:
    """Make a stable id for a file, from where it lies below `root` alone; different files have different ids.

    `sonata.wav` directly in the root becomes `sonata-wav`. Where folders or other characters do not survive, six
    digits of a hash keep ids apart: `live/sonata.wav` becomes `live-sonata-wav-676117`. No id holds a dot.
    """
    relative = path.relative_to(root) if path.is_relative_to(root) else path
    text = str(PurePosixPath(*relative.parts))
    shown = text if path.is_relative_to(root) else path.name
    stem, suffix = shown.removesuffix(path.suffix), path.suffix.removeprefix(".").lower()
    plain = f"{stem}-{suffix}"
    if text == shown and path.suffix == f".{suffix}" and is_id(plain):
        return plain
    digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:6]
    slug = re.sub(r"[^A-Za-z0-9_]+", "-", plain).strip("-")
    return f"{slug[-_MAX_ID_LENGTH + 8 :].strip('-')}-{digest}".lstrip("-")
