"""A corpus says which recordings there are, whose they are and which score each follows."""

from pathlib import Path
from typing import Protocol

from dp.corpora import bach_violin, folder
from dp.corpora.demo import corpus as demo
from dp.corpora.listing import Corpus, Missing, PublishedRecording
from dp.corpora.published import MatchedAlignment, read_published_alignment
from dp.errors import DataError

__all__ = [
    "CORPORA",
    "Corpus",
    "CorpusReader",
    "MatchedAlignment",
    "Missing",
    "PublishedRecording",
    "list_recordings",
    "read_published_alignment",
]


class CorpusReader(Protocol):
    """Lists what a folder of one kind of corpus holds, without decoding audio or reading notes."""

    def __call__(self, root: Path) -> Corpus:
        """List the recordings below `root`, a folder that exists, in an order that depends on its content alone.

        Each recording has an id of its own, such as `make_path_id` gives, that does not change when others come or go;
        its audio and its score are files that exist. What should be there and is not goes to `missing`, with the
        reason; alignments that the corpus publishes go to `published`. The licence is what the corpus states, or
        "unknown".

        Raises:
            DataError: `root` holds no such corpus, or its lists hold bad data.
        """


# By the name that `dp rebuild --corpus` and params.yaml give them.
CORPORA: dict[str, CorpusReader] = {
    "bach-violin": bach_violin.list_recordings,
    "folder": folder.list_recordings,
    "demo": demo.list_recordings,
}


def list_recordings(name: str, root: Path) -> Corpus:
    """List the recordings of a corpus, and those that it should have but that are not there.

    Args:
        name: one of CORPORA.
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
