"""Corpora: which recordings there are, whose they are and which score each follows."""

from collections.abc import Callable
from pathlib import Path

from dp.corpora import bach_violin, folder
from dp.corpora.demo import corpus as demo
from dp.corpora.listing import Corpus, Missing, PublishedRecording
from dp.corpora.published import MatchedAlignment, read_published_alignment
from dp.errors import DataError

__all__ = [
    "CORPORA",
    "Corpus",
    "MatchedAlignment",
    "Missing",
    "PublishedRecording",
    "list_recordings",
    "read_published_alignment",
]

CORPORA: dict[str, Callable[[Path], Corpus]] = {
    "bach-violin": bach_violin.list_recordings,
    "folder": folder.list_recordings,
    "demo": demo.list_recordings,
}


def list_recordings(name: str, root: Path) -> Corpus:
    """The recordings of a corpus, and those it should have but that are not there.

    Args:
        name: bach-violin, folder or demo.
        root: the corpus's folder.

    Raises:
        DataError: the name is unknown, the folder is missing or is no such corpus, or its lists hold bad data.
    """
    if name not in CORPORA:
        raise DataError(f"corpus {name!r}", "is unknown", f"known: {', '.join(CORPORA)}")
    if not root.is_dir():
        reason = "is not a folder" if root.exists() else "does not exist"
        raise DataError(root, reason, f"give the folder of the {name} corpus")
    return CORPORA[name](root)
