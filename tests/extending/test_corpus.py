"""A corpus is added as docs/extending.md says, and ingest takes it in."""

from dataclasses import replace
from pathlib import Path

import pytest

from dp.config import Config, CorpusConfig, load_config
from dp.corpora import CORPORA, Corpus, CorpusReader, Missing, list_recordings
from dp.corpora.listing import make_path_id
from dp.parallel.executor import SerialExecutor, run_jobs
from dp.stages.ingest import STAGE, ingest_recording, plan_ingest, publish_ingest
from dp.store.reading import read_recordings, read_score_notes
from dp.types import Recording
from tests.extending.pages import missing_files
from tests.factories import MELODY, melody_pair


def list_takes(root: Path) -> Corpus:
    """Recordings take<N>.wav of the one score tune.musicxml; take 1 and take 2 should be there."""
    takes = [root / "take1.wav", root / "take2.wav"]
    score = root / "tune.musicxml"
    recordings = [
        Recording(
            recording_id=make_path_id(take, root),
            collection="takes",
            piece_id=make_path_id(score, root),
            performer="Ann",
            instrument="violin",
            audio_path=take,
            score_path=score,
            start_sec=0.0,
            end_sec=None,
            licence="CC0",
        )
        for take in takes
        if take.is_file()
    ]
    missing = [Missing(make_path_id(take, root), f"{take.name} not found") for take in takes if not take.is_file()]
    return Corpus(tuple(recordings), tuple(missing))


READER: CorpusReader = list_takes


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the corpus, with take 2 missing."""
    monkeypatch.setitem(CORPORA, "takes", READER)
    folder = tmp_path / "corpus"
    folder.mkdir()
    score, audio = melody_pair(folder)
    score.rename(folder / "tune.musicxml")
    audio.rename(folder / "take1.wav")
    return folder


def test_a_new_corpus_is_listed_and_taken_in(root: Path, tmp_path: Path) -> None:
    listed = list_recordings("takes", root)
    assert [recording.recording_id for recording in listed.recordings] == ["take1-wav"]
    assert listed.missing == (Missing("take2-wav", "take2.wav not found"),)

    project = tmp_path / "project"
    config = replace(Config(), corpus=CorpusConfig("takes", str(root)))
    plan = plan_ingest(project, config)
    outcomes = run_jobs(STAGE, ingest_recording, plan.jobs, SerialExecutor())
    published = publish_ingest(project, config, plan, outcomes)
    assert [(row.recording_id, row.outcome) for row in published] == [("take1-wav", "done"), ("take2-wav", "missing")]
    (recording,) = read_recordings(project / "data")
    assert (recording.collection, recording.performer, recording.licence) == ("takes", "Ann", "CC0")
    assert tuple(read_score_notes(project / "data")["tune-musicxml"].pitch) == MELODY


def test_params_may_name_it(root: Path, tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text(f"corpus: {{name: takes, root: {root}}}\n", encoding="utf-8")
    assert load_config(tmp_path / "params.yaml").corpus == CorpusConfig("takes", str(root))


def test_the_files_of_the_checklist_exist() -> None:
    assert missing_files("A corpus") == []
