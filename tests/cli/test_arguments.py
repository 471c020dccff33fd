"""What the command line says to wrong arguments: one line on stderr, exit code 2, nothing written."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from dp.cli import run
from dp.cli.doctor import LIBRARY, PROJECT
from dp.corpora import CORPORA
from dp.version import __version__
from tests.factories import REPOSITORY


def lines_of(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


@pytest.mark.parametrize(
    ("argv", "part"),
    [
        (["align"], "Missing option '--out'"),
        (["align", "a.mxl", "-o", "x.csv"], "give SCORE and AUDIO, or --pairs"),
        (["align", "a.mxl", "b.wav", "-o", "x.txt"], "x.txt: does not end in .csv"),
        (["align", "a.mxl", "b.wav", "-o", "nowhere/x.csv"], "nowhere does not exist"),
        (["align", "a.mxl", "b.wav", "-o", "x.csv", "--start", "soon"], "--start: 'soon' is not a time"),
        (["align", "a.mxl", "b.wav", "-o", "x.csv", "--pairs", "p.csv"], "--pairs stands alone"),
        (["align", "a.mxl", "b.wav", "-o", "x.csv"], "a.mxl"),
        (["render", "a.mxl", "-o", "x.mp3"], "x.mp3: does not end in .wav"),
        (["render", "a.mxl", "-o", "x.wav", "--tempo", "0"], "--tempo"),
        (["rebuild", "--project", "nowhere"], "nowhere"),
        (["train", "everything", "--project", "nowhere"], "nowhere"),
        (["rebuild", "--workers", "0"], "--workers"),
        (["train", "--device", "abacus"], "--device: choose auto, cpu, cuda"),
        (["dance"], "No such command"),
    ],
)
def test_one_line_and_exit_code_2(
    argv: list[str], part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(argv) == 2
    lines = lines_of(capsys)
    assert len(lines) == 1, lines
    assert lines[0].startswith("dp: ")
    assert part in lines[0]
    assert list(tmp_path.iterdir()) == []


PRESETS = "presets: {ours: {timing: {}, synthesis: {}}, sketch: {timing: {}}}"


@pytest.mark.parametrize(
    ("params", "argv", "part"),
    [
        ("corpus: {nmae: demo}", ["rebuild"], "params.yaml: unknown key corpus.nmae"),
        ("", ["rebuild", "--corpus", "folder", "--root", "nowhere"], "nowhere"),
        ("", ["rebuild", "--corpus", "opera", "--root", "files"], "opera"),
        ("", ["rebuild", "--corpus", "bach-violin"], "bach-violin needs its folder; give --root"),
        (
            PRESETS,
            ["train", "everything"],
            "everything: is no model of the preset ours; choose timing, synthesis or all",
        ),
        (PRESETS, ["train", "--preset", "theirs"], "theirs: is no preset; choose ours, sketch"),
        (PRESETS, ["evaluate", "--preset", "theirs"], "theirs: is no preset; choose ours, sketch"),
        (PRESETS, ["train", "--bring", "files"], "files: holds no trained models"),
        (PRESETS, ["evaluate"], "models/ours: holds no trained model; run `dp train --preset ours`"),
        ("", ["train"], "params.yaml: has no presets"),
        ("corpus: {name: folder, root: x}", ["demo"], "the demo would replace it"),
    ],
)
def test_a_wrong_project_is_one_line_and_stays_as_it_was(
    params: str,
    argv: list[str],
    part: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(params)
    Path("dvc.yaml").write_text("stages: {}")
    Path("files").mkdir()
    assert run(argv) == 2
    lines = lines_of(capsys)
    assert len(lines) == 1, lines
    assert part in lines[0]
    assert Path("params.yaml").read_text() == params
    assert {path.name for path in tmp_path.iterdir()} <= {"params.yaml", "dvc.yaml", "files", ".dp"}


def test_doctor_says_what_is_there_and_what_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text("")
    run(["doctor", "--json"])
    findings = {finding["name"]: finding for finding in json.loads(capsys.readouterr().out)["findings"]}
    assert findings["numpy"]["state"] == "ok"
    assert findings["project"]["detail"] == str(tmp_path)
    assert findings["dataset"]["state"] == "absent"
    assert findings["dataset"]["advice"] == "dp rebuild"
    assert run(["doctor", "--project", str(tmp_path / "nowhere")]) == 1


def test_doctor_looks_for_the_packages_that_pyproject_names() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {
        key: [re.split("[<>=]", requirement)[0] for requirement in requirements]
        for key, requirements in (
            ("library", project["dependencies"]),
            ("project", project["optional-dependencies"]["project"]),
        )
    }
    assert (sorted(LIBRARY), sorted(PROJECT)) == (sorted(names["library"]), sorted(names["project"]))


def test_the_help_of_rebuild_names_every_corpus(capsys: pytest.CaptureFixture[str]) -> None:
    run(["rebuild", "--help"])
    text = capsys.readouterr().out
    assert [name for name in CORPORA if name not in text] == []


def test_ctrl_c_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(*arguments: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("dp.cli.doctor.doctor", interrupted)
    assert run(["doctor"]) == 130
    assert capsys.readouterr().err.startswith("dp: interrupted; what was finished is kept")


@pytest.mark.parametrize("verbose", [False, True])
@pytest.mark.parametrize("place", ["here", "in a project", "with --project"])
def test_an_unexpected_error_is_one_line_and_a_traceback_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], place: str, verbose: bool
) -> None:
    def surprised(*arguments: object) -> int:
        raise KeyError("of two\nlines")

    monkeypatch.setattr("dp.cli.doctor.doctor", surprised)
    monkeypatch.setenv("DP_VERBOSE", "")
    home, here = tmp_path / "home", tmp_path / "home/below"
    here.mkdir(parents=True)
    monkeypatch.chdir(here)
    if place != "here":
        (home / "params.yaml").write_text("")
    if place == "with --project":
        monkeypatch.chdir(tmp_path)
    argv = [*(["--verbose"] if verbose else []), "doctor", *(["--project", str(home)] if place[0] == "w" else [])]
    assert run(argv) == 1
    (file,) = tmp_path.rglob("*.log")
    assert file.parent == (here if place == "here" else home) / ".dp/logs"
    assert file.name.endswith("-doctor.log")
    assert ", in surprised\n" in file.read_text()
    shown = file.relative_to(Path.cwd()) if place != "in a project" else file
    *traceback, line = lines_of(capsys)
    assert line == f"dp: unexpected error: KeyError: 'of two\\nlines'; traceback in {shown}"
    assert traceback[:2] == (["doctor", "Traceback (most recent call last):"] if verbose else [])


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"deep-performer {__version__}\n"


def test_help_imports_nothing_heavy() -> None:
    """`dp --help` has to answer in half a second: these take longer than that alone."""
    code = (
        "import sys; from dp.cli import run; run(['--help']);"
        "heavy = {'torch', 'librosa', 'numba', 'scipy', 'pyarrow', 'mlflow', 'prefect', 'dask', 'numpy'};"
        "sys.exit(str(sorted(heavy & set(sys.modules))) if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "rebuild" in done.stdout
