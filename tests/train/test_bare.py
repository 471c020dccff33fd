"""`python -m dp.train` on a machine with torch and numpy alone, and the way there and back."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from dp.config import Config
from dp.data.arrays import Arrays
from dp.data.prepared import save_prepared
from dp.errors import DataError
from dp.models.checkpoint import load_bare, load_checkpoint
from dp.models.kinds import MODEL_TYPES
from dp.models.synthesis import SynthesisModel
from dp.presets import Preset
from dp.train.__main__ import main
from dp.train.offline import bring_models
from dp.train.run import Task
from tests.factories import REPOSITORY
from tests.train import tiny

BARE = """
import sys, sysconfig
allowed = {"torch", "numpy", "dp", *sys.stdlib_module_names}
def find_spec(name, path=None, target=None):
    # torch brings a few packages along; all that dp itself asks for must be on the list
    asker = sys._getframe(1)
    while asker and "importlib" in asker.f_code.co_filename:
        asker = asker.f_back
    if asker and asker.f_code.co_filename.startswith(LIBRARY) and name.partition(".")[0] not in allowed:
        raise ImportError(f"{name} is not on a bare machine")
class Bare:
    find_spec = staticmethod(find_spec)
sys.meta_path.insert(0, Bare)
from dp.train.__main__ import main
sys.exit(main(sys.argv[1:]))
""".replace("LIBRARY", repr(f"{REPOSITORY / 'dp'}{os.sep}"))
PRESET = Preset(timing=tiny.TIMING, synthesis=tiny.SYNTHESIS, vocoder=tiny.VOCODER)


@pytest.fixture
def arrays(tmp_path: Path) -> Path:
    """Prepared arrays of three models of the preset `p`, each trained for two steps."""
    made: dict[str, Arrays[Any]] = {
        "timing": tiny.timing(),
        "synthesis": tiny.synthesis(),
        "vocoder": tiny.vocoder(),
    }
    (tmp_path / "arr/p").mkdir(parents=True)
    for model, config in PRESET.models().items():
        task = Task("p", model, replace(config, step_count=2), made[model], tiny.FILTERBANK)
        save_prepared(tmp_path / f"arr/p/{model}.npz", task)
    return tmp_path / "arr"


def test_the_core_needs_torch_and_numpy_alone(arrays: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-c", BARE, "--arrays", str(arrays), "--threads", "1"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for model in PRESET.models():
        made = load_bare(arrays / "p" / model, MODEL_TYPES)
        assert (made.step, made.trained_on) == (2, tiny.TRAINED_ON)
        rows = [json.loads(line) for line in (arrays / "p" / model / "log.jsonl").read_text().splitlines()]
        assert {"step", "sec", "train_loss"} <= set(rows[0])


def test_what_was_trained_there_comes_home(arrays: Path, tmp_path: Path) -> None:
    assert main(["--arrays", str(arrays), "--threads", "1", "--model", "synthesis"]) == 0
    config = Config(mel=tiny.MEL, preset="p", presets={"p": PRESET})
    assert bring_models(tmp_path, config, arrays) == [("p", "synthesis")]
    home, there = (
        load_checkpoint(tmp_path / "models/p/synthesis", [SynthesisModel], tiny.MEL),
        load_bare(arrays / "p/synthesis", MODEL_TYPES),
    )
    assert (home.step, home.performer_names) == (there.step, there.performer_names) == (2, ("ann", "bo"))
    assert home.trained_on == tiny.TRAINED_ON
    for name, value in there.model.state_dict().items():
        assert torch.equal(value, home.model.state_dict()[name])


def test_a_model_of_another_mel_or_of_no_preset_does_not_come_home(arrays: Path, tmp_path: Path) -> None:
    main(["--arrays", str(arrays), "--threads", "1", "--model", "timing"])
    with pytest.raises(DataError, match="was trained on another log-mel"):
        bring_models(tmp_path, Config(preset="p", presets={"p": PRESET}), arrays)
    with pytest.raises(DataError, match="is no model of this project: p/timing"):
        bring_models(tmp_path, Config(mel=tiny.MEL), arrays)
    with pytest.raises(DataError, match="holds no trained models"):
        bring_models(tmp_path, Config(mel=tiny.MEL), tmp_path)
    assert not (tmp_path / "models").exists()


def test_it_goes_on_where_it_stopped(arrays: Path) -> None:
    options = ["--arrays", str(arrays), "--threads", "1", "--model", "synthesis"]
    assert main([*options, "--steps", "10"]) == 0
    whole = load_bare(arrays / "p/synthesis", MODEL_TYPES).model.state_dict()
    assert main([*options, "--steps", "4"]) == 0
    assert main([*options, "--steps", "10", "--resume"]) == 0
    for name, value in load_bare(arrays / "p/synthesis", MODEL_TYPES).model.state_dict().items():
        assert torch.equal(value, whole[name])


@pytest.mark.parametrize(
    ("options", "part"),
    [(["--preset", "q"], "holds no arrays for q, any model"), (["--device", "cuda"], "torch finds no GPU")],
)
def test_what_cannot_be_trained_is_one_line(
    arrays: Path, capsys: pytest.CaptureFixture[str], options: list[str], part: str
) -> None:
    if "cuda" in options and torch.cuda.is_available():
        pytest.skip("there is a GPU")
    assert main(["--arrays", str(arrays), *options]) == 2
    err = capsys.readouterr().err
    assert part in err
    assert err.count("\n") == 1
