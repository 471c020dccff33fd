"""Choose the corpus that a project is built from: take what was asked for, check that it can be used, keep it."""

import io
import os
from dataclasses import replace
from pathlib import Path

from dp.config import PARAMS_FILE, Config, CorpusConfig, load_config
from dp.corpora import list_recordings
from dp.corpora.demo.corpus import NAME as DEMO
from dp.errors import DataError
from dp.files import write_whole
from dp.project import locate_corpus_root

PIPELINE_FILE = "dvc.yaml"


def choose_config(project: Path, corpus: str | None, root: str | None) -> Config:
    """Return params.yaml with another corpus, not yet written.

    Args:
        project: the project folder.
        corpus: name of the corpus; None keeps the project's.
        root: its folder, relative to the current one; None keeps the project's, or, where the corpus changes to the
            demo, is the demo's own place.

    Raises:
        DataError: params.yaml is not valid, this is no whole project, or another corpus needs a root and has none.
    """
    config = load_config(project / PARAMS_FILE)
    if not (project / PIPELINE_FILE).is_file():
        raise DataError(project, f"has no {PIPELINE_FILE}", "a project is a copy of the repository: see the README")
    if root is not None:
        root = root if Path(root).is_absolute() else os.path.relpath(root, project)
    elif corpus is not None and corpus != config.corpus.name:
        if corpus != DEMO:
            raise DataError("--corpus", f"{corpus} needs its folder", "give --root")
        root = Config().corpus.root
    return replace(config, corpus=CorpusConfig(corpus or config.corpus.name, root or config.corpus.root))


def check_corpus(project: Path, config: Config) -> None:
    """Refuse a corpus that cannot be built from, before anything is touched.

    Raises:
        DataError: the folder does not exist, is no such corpus, holds nothing, or holds the project itself; or
            split.valid_recordings names a recording that it does not have.
    """
    root = locate_corpus_root(project, config.corpus.root)
    if project.is_relative_to(root.resolve()):
        raise DataError(root, "holds the project itself", "keep the corpus in a folder of its own")
    corpus = list_recordings(config.corpus.name, root)
    known = {recording.recording_id for recording in corpus.recordings}
    if not known and not corpus.missing:
        raise DataError(root, f"holds no recordings of a {config.corpus.name} corpus", "check corpus.root")
    known |= {missing.recording_id for missing in corpus.missing}
    for recording_id in config.split.valid_recordings:
        if recording_id not in known:
            raise DataError(project / PARAMS_FILE, f"split.valid_recordings: no recording {recording_id}", "correct it")


def write_corpus(project: Path, config: Config) -> None:
    """Keep the corpus of `config` in params.yaml, whose comments and layout stay.

    Raises:
        OSError: it cannot be written; the old one stays.
    """
    from ruamel.yaml import YAML

    path = project / PARAMS_FILE
    if load_config(path).corpus == config.corpus:
        return
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    document = yaml.load(path.read_text(encoding="utf-8")) or {}
    document.setdefault("corpus", {}).update(name=config.corpus.name, root=config.corpus.root)
    text = io.StringIO()
    yaml.dump(document, text)
    write_whole(path, text.getvalue().encode())
