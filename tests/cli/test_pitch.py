"""`dp pitch` draws a recording of the dataset, and says what is wrong where it cannot."""

import json
from pathlib import Path

import numpy as np
import pytest

from dp import schema
from dp.cli import run
from dp.config import Config, CorpusConfig
from dp.stages.ingest import ingest_recording, plan_ingest, publish_ingest
from dp.store.note_pitch import make_note_pitch_columns
from dp.store.tables import make_table, write_dataset
from dp.store.writing import make_performed_note_columns
from dp.types import PerformedNotes, PitchCurve
from tests.factories import melody_pair


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of one recording of 9 s, of which one note was tracked."""
    (tmp_path / "corpus").mkdir()
    melody_pair(tmp_path / "corpus")
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "params.yaml").write_text("corpus: {name: folder, root: ../corpus}\n")
    config = Config(corpus=CorpusConfig("folder", "../corpus"))
    plan = plan_ingest(folder, config)
    publish_ingest(folder, config, plan, [ingest_recording(job) for job in plan.jobs])
    one, notes = np.ones(1), PerformedNotes(np.array([60]), np.array([0]), np.zeros(1), np.ones(1), np.ones(1))
    played = make_performed_note_columns("melody-wav", np.array([0]), one, notes)
    curve = PitchCurve(0, np.zeros(125, np.float32), np.ones(125, np.float32))
    tracked = make_note_pitch_columns("melody-wav", np.array([0]), [curve])
    for name, columns, kind in (
        ("performed_notes", played, schema.PERFORMED_NOTES),
        ("note_pitch", tracked, schema.NOTE_PITCH),
    ):
        write_dataset(folder / "data" / name, [(None, make_table(columns, kind, name))], kind)
    return folder


def test_a_stretch_of_a_recording_is_drawn(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = project / "pitch.png"
    told = ["--start", "1", "--end", "3", "--project", str(project), "--json"]
    assert run(["pitch", "melody-wav", "-o", str(out), *told]) == 0
    assert out.read_bytes().startswith(b"\x89PNG")
    expected = {"picture": str(out), "recording_id": "melody-wav", "start_sec": 1.0, "end_sec": 3.0}
    assert json.loads(capsys.readouterr().out) == expected
    assert run(["pitch", "melody-wav", "-o", str(out), "--project", str(project), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["end_sec"] == pytest.approx(9.03, abs=0.01)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nobody", "-o", "x.png"], "nobody: has no pitch curves"),
        (["melody-wav", "-o", "x.png", "--start", "60"], "melody-wav: ends before 60 s; give an earlier --start"),
        (["melody-wav", "-o", "x.png", "--start", "3", "--end", "2"], "--end: must lie after --start"),
        (["melody-wav", "-o", "x.pdf"], "x.pdf: does not end in .png"),
    ],
)
def test_what_cannot_be_drawn_is_told(
    project: Path,
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(project)
    assert run(["pitch", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert not list(project.glob("x.*"))
