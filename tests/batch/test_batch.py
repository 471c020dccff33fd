"""Many scores: what their audio is called, what is skipped, what a failure costs, what an interruption leaves."""

import json
import os
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from dp.batch.job import RenderJob, Request, compute_model_version, name_outputs, plan_job, render_job
from dp.batch.manifest import open_manifest
from dp.batch.run import render_all
from dp.errors import DataError
from dp.parallel.executor import Executor, J, SerialExecutor
from dp.parallel.outcome import DIED, Outcome
from dp.parallel.process import ProcessExecutor
from dp.render.outputs import RenderedFiles
from dp.render_options import OutputOptions, RenderOptions
from dp.store.renderings import MANIFEST_FILE, RenderingRow, read_renderings

OUTPUT = OutputOptions(extras=False)


def copy(job: RenderJob) -> RenderedFiles:
    """In place of rendering: the score's bytes and the seed."""
    content = job.score.read_bytes()
    if content == b"bad":
        raise DataError(job.score, "is no score", "export it again")
    if content == b"surprising":
        raise RuntimeError("of two\nlines")
    if content == b"fatal":
        (job.audio.parent / ".tmp-render-1").mkdir()
        os._exit(9)
    if content == b"forbidden":
        raise AssertionError("rendered though finished")
    job.audio.write_bytes(content + str(job.request.options.seed).encode())
    return RenderedFiles((job.audio,), 3, 2.0, ("a note is too low",))


def work(job: RenderJob) -> Outcome:
    return render_job(job, copy)


class Forbidden:
    def run(self, work: Callable[[J], Outcome], jobs: Sequence[J]) -> Generator[Outcome, None, None]:
        pytest.fail("rendered again")


def render(scores: Sequence[Path], request: Request, executor: Executor | None = None, quiet: bool = True) -> int:
    return render_all(scores, request, executor or SerialExecutor(), quiet, work)


def test_a_score_that_fails_leaves_no_folder(tmp_path: Path) -> None:
    score = tmp_path / "in/sub/bad.mid"
    score.parent.mkdir(parents=True)
    score.write_bytes(b"bad")
    request = Request(tmp_path / "out", tmp_path, RenderOptions(), OUTPUT, ".wav")
    assert work(plan_job(score, Path("sub/bad"), request, "1")).outcome == "failed"
    assert not request.out.exists()


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Request:
    """A request to render into tmp_path/out, outside of any project."""
    monkeypatch.chdir(tmp_path)
    models = tmp_path / "models"
    for name in ("timing", "synthesis", "vocoder"):
        (models / name).mkdir(parents=True)
        (models / name / "config.json").write_text(f'{{"weights_sha256": "{name}"}}')
    return Request(tmp_path / "out", models, RenderOptions(), OUTPUT, ".wav")


def scores_of(folder: Path, **contents: str) -> list[Path]:
    folder.mkdir(exist_ok=True)
    for name, content in contents.items():
        (folder / f"{name}.mid").write_bytes(content.encode())
    return sorted(folder.glob("*.mid"))


def rows_of(out: Path) -> dict[str, RenderingRow]:
    return {Path(row.score).stem: row for row in read_renderings(out)}


def outcomes_of(out: Path) -> dict[str, str]:
    return {name: row.outcome for name, row in rows_of(out).items()}


@pytest.mark.parametrize(
    ("scores", "names"),
    [
        (["x.mid"], ["x.wav"]),
        (["in/x.mid", "in/y.mxl"], ["x.wav", "y.wav"]),
        (["in/a/x.mid", "in/b/x.mid", "in/y.mid"], ["a/x.wav", "b/x.wav", "y.wav"]),
        (["x.mid", "x.mxl", "y.mid"], ["x.mid.wav", "x.mxl.wav", "y.wav"]),
        (["x.mid", "x.mxl", "x.mid.mid"], ["x.mid.wav", "x.mxl.wav", "x.mid.mid.wav"]),
        (["bwv1001.1.mid", "bwv1001.2.mid"], ["bwv1001.1.wav", "bwv1001.2.wav"]),
    ],
)
def test_no_two_scores_share_a_name(scores: list[str], names: list[str]) -> None:
    assert name_outputs([Path(score) for score in scores], ".wav") == [Path(name) for name in names]


def test_a_row_tells_all_about_a_score(tmp_path: Path, asked: Request) -> None:
    scores = scores_of(tmp_path / "in", good="music", bad="bad")
    assert render([*scores, scores[0], tmp_path / "in/missing.mid"], asked) == 1
    rows = rows_of(tmp_path / "out")
    assert (tmp_path / "out/good.wav").read_bytes() == b"music1"
    good = rows["good"]
    assert (good.score, good.outcome, good.reason) == ("../in/good.mid", "done", "")
    assert [(file.path, file.size_byte) for file in good.files] == [("good.wav", 6)]
    assert (good.note_count, good.audio_sec, good.warnings) == (3, 2.0, ("a note is too low",))
    options = json.loads(good.options)
    assert (options["extras"], options["seed"], options["suffix"], options["performers"]) == (False, 1, ".wav", [])
    assert good.model_version == compute_model_version(tmp_path / "models")
    assert rows["bad"].outcome == "failed"
    assert rows["bad"].reason == f"{tmp_path / 'in/bad.mid'}: is no score; export it again"
    assert rows["bad"].files == ()
    assert (rows["missing"].outcome, rows["missing"].score_sha256) == ("crashed", "")


def test_what_is_finished_is_skipped_and_whatever_changed_is_not(tmp_path: Path, asked: Request) -> None:
    out, scores = tmp_path / "out", scores_of(tmp_path / "in", a="1", b="2", c="3", d="4")
    assert render(scores, asked) == 0
    before = rows_of(out)
    assert render(scores, asked, Forbidden()) == 0
    assert outcomes_of(out) == dict.fromkeys("abcd", "skipped")
    assert rows_of(out)["a"].files == before["a"].files

    (tmp_path / "in/a.mid").write_bytes(b"new")  # the score changed
    (out / "b.wav").write_bytes(b"3!")  # its audio did, to as many bytes
    (out / "c.wav").unlink()
    assert render(scores, asked) == 0
    assert outcomes_of(out) == {"a": "done", "b": "done", "c": "done", "d": "skipped"}
    assert (out / "a.wav").read_bytes() == b"new1"

    assert render(scores[:1], replace(asked, options=RenderOptions(seed=2))) == 0
    assert (out / "a.wav").read_bytes() == b"new2"
    assert outcomes_of(out) == {"a": "done", "b": "done", "c": "done", "d": "skipped"}  # the others' rows are kept
    assert render(scores[3:], replace(asked, suffix=".flac")) == 0
    assert rows_of(out)["d"].files[0].path == "d.flac"
    (tmp_path / "models/vocoder/config.json").write_text('{"weights_sha256": "new"}')
    assert render(scores[1:2], asked) == 0
    assert outcomes_of(out)["b"] == "done"


def test_a_row_goes_when_another_score_takes_its_file(tmp_path: Path, asked: Request) -> None:
    first, second = scores_of(tmp_path / "one", x="1"), scores_of(tmp_path / "two", x="2")
    render(first, asked)
    render(second, asked)
    assert [row.score for row in read_renderings(tmp_path / "out")] == ["../two/x.mid"]


def test_an_interruption_leaves_what_was_finished(tmp_path: Path, asked: Request) -> None:
    out, scores = tmp_path / "out", scores_of(tmp_path / "in", a="1", b="2", c="3")
    ended = []

    class Interrupted:
        def run(self, work: Callable[[J], Outcome], jobs: Sequence[J]) -> Generator[Outcome, None, None]:
            first, second, _ = jobs
            try:
                yield work(first)
                yield work(second)
                (out / ".tmp-render-x").mkdir()
                raise KeyboardInterrupt
            finally:
                ended.append(True)

    with pytest.raises(KeyboardInterrupt):
        render(scores, asked, Interrupted())
    assert outcomes_of(out) == {"a": "done", "b": "done"}
    assert sorted(path.name for path in out.iterdir()) == ["a.wav", "b.wav", MANIFEST_FILE]
    assert ended
    assert render(scores, asked) == 0
    assert outcomes_of(out) == {"a": "skipped", "b": "skipped", "c": "done"}


def test_a_score_that_kills_its_process_costs_itself(
    tmp_path: Path, asked: Request, capsys: pytest.CaptureFixture[str]
) -> None:
    out, scores = tmp_path / "out", scores_of(tmp_path / "in", a="1", b="fatal", c="3")
    assert render(scores, asked, ProcessExecutor()) == 1
    assert outcomes_of(out) == {"a": "done", "b": "crashed", "c": "done"}
    assert rows_of(out)["b"].reason == DIED
    assert capsys.readouterr().err == f"{scores[1]}: crashed: {DIED}\n"
    assert not list(out.glob(".tmp*"))


@pytest.mark.parametrize(
    ("project", "executor"), [(None, ProcessExecutor()), (".", SerialExecutor()), ("elsewhere", SerialExecutor())]
)
def test_an_unexpected_error_leaves_its_traceback_where_the_line_says(
    tmp_path: Path, asked: Request, capsys: pytest.CaptureFixture[str], project: str | None, executor: Executor
) -> None:
    out, scores = tmp_path / "out", scores_of(tmp_path / "in", a="1", b="surprising", c="bad")
    if project is not None:
        home = tmp_path / project
        home.mkdir(exist_ok=True)
        (home / "params.yaml").write_text("")
        asked = replace(asked, project=None if project == "." else home)
    assert render(scores, asked, executor) == 1
    assert rows_of(out)["b"].reason == "RuntimeError: of two lines"
    (file,) = tmp_path.glob(f"{project or 'out'}/.dp/logs/*")
    assert capsys.readouterr().err.splitlines() == [
        f"{scores[1]}: crashed: RuntimeError: of two lines; traceback in {file.relative_to(tmp_path)}",
        f"{scores[2]}: is no score; export it again",
    ]
    text = file.read_text()
    assert text.count("Traceback") == text.count(f" {scores[1]}\nTraceback (most recent call last):\n") == 1
    assert ", in copy\n" in text


def test_progress_tells_pace_and_time_left(tmp_path: Path, asked: Request, capsys: pytest.CaptureFixture[str]) -> None:
    scores = scores_of(tmp_path / "in", a="1", b="bad")
    render(scores, asked, quiet=False)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "render: 0/2"
    assert "min of audio per min, 0:00:00 left; " in lines[1]
    assert lines[-3:-1] == [
        f"warning: {scores[0]}: a note is too low",
        f"{scores[1]}: is no score; export it again",
    ]
    assert lines[-1].startswith("render: 1 done, 1 failed; 0.0 min of audio, ")


def test_a_folder_is_rendered_into_by_one_command_at_a_time(tmp_path: Path, asked: Request) -> None:
    with open_manifest(tmp_path / "out"), pytest.raises(DataError, match="another dp command is rendering into it"):
        render(scores_of(tmp_path / "in", a="1"), asked)
    assert not list((tmp_path / "out").iterdir())  # the lock is on the folder, not on a file in it
    assert render(scores_of(tmp_path / "in", a="1"), asked) == 0


@pytest.mark.parametrize("damage", ["manifest", "no models", "damaged models"])
def test_what_cannot_work_is_refused_at_once(tmp_path: Path, asked: Request, damage: str) -> None:
    if damage == "manifest":
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / MANIFEST_FILE).write_bytes(b"PAR1")
    elif damage == "no models":
        (tmp_path / "models/timing/config.json").unlink()
    else:
        (tmp_path / "models/timing/config.json").write_text("[]")
    said = {"manifest": "delete it, then", "no models": "holds no model", "damaged models": "does not describe"}
    with pytest.raises(DataError, match=said[damage]):
        render(scores_of(tmp_path / "in", a="1"), asked)
