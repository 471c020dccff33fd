"""The API of `import dp`: what its functions return and refuse, and that `dp.align` and `dp.render` stay functions."""

import dataclasses
import doctest
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, assert_type

import numpy as np
import pytest
import soundfile

import dp
import dp.api
from dp.cli import run
from dp.config import AlignConfig
from dp.render import ModelSet, OutputOptions, Rendering, RenderOptions
from dp.render.outputs import render_to_files
from dp.types import Score
from tests.factories import MELODY, melody_pair, melody_times, melody_xml
from tests.render import untrained

PLAYERS = ("ada", "bruno", "clara")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, demo: Path) -> Path:
    """A folder with the demo corpus and models that nobody trained."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(demo, folder / "demo-corpus")
    untrained.save(untrained.model_set(PLAYERS, PLAYERS), folder / "models" / "sketch")
    return folder


@pytest.fixture(scope="module")
def models() -> ModelSet:
    return untrained.model_set()


def fresh(code: str) -> str:
    """What a new Python prints that runs `code`."""
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def test_importing_dp_loads_nothing_heavy() -> None:
    heavy = ("numpy", "scipy", "torch", "librosa", "numba", "pandas", "pyarrow", "dask", "matplotlib", "typer")
    assert fresh(f"import dp, sys; print([name for name in {heavy} if name in sys.modules])") == "[]\n"


@pytest.mark.parametrize(
    "imports",
    [
        "import dp, dp.align.pipeline, dp.render.outputs",
        "import dp.render.outputs, dp.align.pipeline, dp",
        "from dp.align.tuning import *; from dp.render import render; import dp; import dp.api",
        "import dp.align.pipeline as pipeline, dp.render.outputs as outputs; from dp.align import align; import dp",
    ],
)
def test_functions_keep_their_names_in_every_order_of_imports(imports: str) -> None:
    code = f"""
{imports}
import importlib, pickle, sys
assert dp.align is dp.api.align and dp.render is dp.api.render
try:
    dp.align("nowhere.mid", "nowhere.wav")
except dp.DataError as error:
    assert str(error).startswith("nowhere.mid: "), error
try:
    dp.render("nowhere.mid", "nowhere")
except dp.DataError as error:
    assert "nowhere" in str(error), error
from dp.align import align as inner
from dp.render import render as play
assert inner is sys.modules["dp.align"].align and inner is not dp.align
assert play is sys.modules["dp.render"].render and play is not dp.render
import dp.align.pipeline as pipeline
from dp.render import outputs
assert pipeline is sys.modules["dp.align.pipeline"] is dp.align.pipeline
assert outputs is importlib.import_module("dp.render.outputs") is dp.render.outputs
for function in (dp.align, inner, pipeline.align_notes, outputs.render_to_files):
    assert pickle.loads(pickle.dumps(function)) is function
print("all")
"""
    assert fresh(code) == "all\n"


def test_modules_behind_the_functions_can_be_patched_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dp.align.pipeline.check_input", None)
    monkeypatch.setattr("dp.render.MAX_PEAK", 0.5)
    assert sys.modules["dp.align.pipeline"].__dict__["check_input"] is None
    assert sys.modules["dp.render"].__dict__["MAX_PEAK"] == 0.5


def test_functions_of_the_api_can_be_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dp, "align", len)
    assert dp.__dict__["align"] is len


def test_results_have_types(tmp_path: Path, models: ModelSet) -> None:
    score, audio = melody_pair(tmp_path)
    assert_type(dp.align(score, str(audio), end_sec=None, method="ours"), dp.AlignedNotes)
    assert_type(dp.render(score, models, performer="ann", tempo_factor=2.0), Rendering)
    assert_type(dp.read_score(score), Score)
    assert_type(dp.load_models(untrained.save(models, tmp_path)), ModelSet)
    assert_type(dp.performers(models), tuple[str, ...])


def test_every_keyword_is_a_setting_and_every_setting_a_keyword() -> None:
    settings = {field.name for field in dataclasses.fields(RenderOptions)}
    assert {*dp.api.RenderKeywords.__annotations__, "performers"} == settings
    assert set(dp.api.AlignKeywords.__annotations__) == {field.name for field in dataclasses.fields(AlignConfig)}


def test_alignment_is_a_row_per_note_in_seconds_of_the_file(tmp_path: Path) -> None:
    score, audio = melody_pair(tmp_path)
    samples, rate_hz = soundfile.read(audio)
    soundfile.write(audio, np.concatenate([np.zeros(3 * rate_hz), samples]), rate_hz)
    notes = dp.align(dp.read_score(score), audio, start_sec=3.0)
    assert notes.pitch.tolist() == list(MELODY)
    assert notes.onset_quarter.tolist() == list(range(16))
    assert notes.duration_quarter.tolist() == [1.0] * 16
    assert np.abs(notes.onset_sec - 3 - melody_times()[:-1]).max() < 0.04
    assert (notes.offset_sec > notes.onset_sec).all()
    assert (notes.score_fit > 0.9, abs(notes.tuning_cent) < 10, notes.structure) == (True, True, "")
    table = notes.to_pandas()
    assert list(table) == ["pitch", "onset_quarter", "duration_quarter", "onset_sec", "offset_sec", "confidence"]
    assert table["onset_sec"].tolist() == notes.onset_sec.tolist()


def test_dp_align_writes_the_rows_that_the_api_returns(tmp_path: Path) -> None:
    score, audio = melody_pair(tmp_path)
    assert run(["align", str(score), str(audio), "-o", str(tmp_path / "o.csv"), "--quiet"]) == 0
    written = np.loadtxt(tmp_path / "o.csv", delimiter=",", skiprows=1)
    notes = dp.align(score, audio)
    assert np.abs(written - notes.to_pandas().to_numpy()).max() < 6e-4
    notes.write(tmp_path / "api.csv")
    assert (tmp_path / "api.csv").read_bytes() == (tmp_path / "o.csv").read_bytes()
    with pytest.raises(dp.DataError, match=r"notes\.txt: suffix '\.txt' is unknown; write to a \.csv file"):
        notes.write(tmp_path / "notes.txt")
    assert not (tmp_path / "notes.txt").exists()


def test_a_score_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    score, audio = melody_pair(tmp_path)
    score.write_bytes(melody_xml(tuple(reversed([p + 1 + 5 * (i % 3) for i, p in enumerate(MELODY)]))))
    with pytest.raises(dp.DataError, match=r"melody\.wav: does not fit .*melody\.musicxml \(the score does not fit"):
        dp.align(score, audio)
    with pytest.raises(dp.DataError, match=r"does not fit melody \("):
        dp.align(dp.read_score(score), audio)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"method": "theirs"}, "'theirs' is no method"),
        ({"program": 128}, "align.program is 128, expected 0 to 127"),
        ({"min_score_fit": 2.0}, "align.min_score_fit is 2.0, expected 0.0 to 1.0"),
    ],
)
def test_settings_of_an_alignment_without_sense_are_refused(how: Any, message: str) -> None:
    with pytest.raises(dp.DataError, match=message):
        dp.align("a.mid", "a.wav", **how)


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"performer": {"ann": 0.75, "bo": 0.25}, "seed": 4, "tempo_factor": 2.0},
        {"start_bar": 2, "end_bar": 3, "parts": "Melody", "tuning_hz": 415.0, "sample_rate_hz": 22050},
    ],
)
def test_rendering_is_what_dp_render_writes(tmp_path: Path, models: ModelSet, how: dict[str, Any]) -> None:
    score = tmp_path / "melody.musicxml"
    score.write_bytes(melody_xml())
    rendering = dp.render(score, models, **how)
    rendering.write(tmp_path / "api.wav")
    rate_hz, shares = how.pop("sample_rate_hz", None), how.pop("performer", {})
    options = RenderOptions(tuple(shares.items()), parts=("Melody",) if how.pop("parts", None) else (), **how)
    render_to_files(score, tmp_path / "command.wav", models, options, OutputOptions(rate_hz))
    assert (tmp_path / "api.wav").read_bytes() == (tmp_path / "command.wav").read_bytes()
    table = rendering.to_pandas()
    assert list(table) == ["onset_sec", "offset_sec", "pitch", "velocity", "level_db", "part"]
    written = np.loadtxt(tmp_path / "command.csv", delimiter=",", skiprows=1)
    assert np.abs(written - table.to_numpy()).max() < 6e-3


def test_a_read_score_renders_as_its_file(tmp_path: Path, models: ModelSet) -> None:
    score = tmp_path / "melody.musicxml"
    score.write_bytes(melody_xml())
    folder = untrained.save(models, tmp_path / "models")
    first, second = dp.render(score, models), dp.render(dp.read_score(str(score)), str(folder))
    assert first.samples.tolist() == second.samples.tolist()


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"performer": "cy"}, "performer 'cy': is unknown to the models; known: ann, bo"),
        ({"performer": {}}, "performer: names nobody"),
        ({"performer": {"ann": -1.0, "bo": 2.0}}, "has the weight -1"),
        ({"tempo_qpm": 0.0}, "tempo_qpm: is 0 quarters per minute; give 1 to 1000"),
        ({"expression": float("nan")}, "expression: is nan; give 0 to 5"),
        ({"tuning_hz": 44.0}, "tuning_hz: is 44 Hz; give 360 to 500"),
        ({"sample_rate_hz": 0}, "sample_rate_hz: is 0 Hz; give 8000 to 192000"),
        ({"parts": ["Viola"]}, "has no part 'Viola'"),
        ({"start_bar": 9}, "has no bar 9"),
        ({"movement": 2}, "has no movement 2: it holds 1"),
    ],
)
def test_what_cannot_be_rendered_is_refused(tmp_path: Path, models: ModelSet, how: Any, message: str) -> None:
    score = tmp_path / "melody.musicxml"
    score.write_bytes(melody_xml())
    with pytest.raises(dp.DataError, match=message):
        dp.render(score, models, **how)


def test_notes_of_a_score_become_a_table(tmp_path: Path) -> None:
    (tmp_path / "melody.musicxml").write_bytes(melody_xml())
    table = dp.read_score(tmp_path / "melody.musicxml").notes.to_pandas()
    assert table["pitch"].tolist() == list(MELODY)
    assert table["onset_quarter"].tolist() == list(range(16))
    assert table["measure"].tolist() == [1] * 4 + [2] * 4 + [3] * 4 + [4] * 4


def test_without_pandas_one_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "melody.musicxml").write_bytes(melody_xml())
    notes = dp.read_score(tmp_path / "melody.musicxml").notes
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(dp.DataError, match="pandas: is not installed, which to_pandas needs; pip install pandas"):
        notes.to_pandas()


def test_results_can_be_sent_to_other_processes(tmp_path: Path) -> None:
    notes = dp.align(*melody_pair(tmp_path))
    again = pickle.loads(pickle.dumps(notes))
    assert again.to_pandas().equals(notes.to_pandas())


FUNCTIONS = [getattr(dp, name) for name in dp.__all__ if callable(getattr(dp, name)) and name[0].islower()]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_the_example_of_every_function_runs(
    function: Callable[..., object], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for heading in ("Args:", "Raises:", "Example:"):
        assert heading in (function.__doc__ or "")
    monkeypatch.chdir(project)
    (example,) = doctest.DocTestFinder(recurse=False).find(function, function.__name__)
    said: list[str] = []
    result = doctest.DocTestRunner(verbose=False).run(example, out=said.append)
    assert (result.attempted > 0, result.failed) == (True, 0), "".join(said)
