"""The commands that train the aligner's nets: two runs with one seed write the same bytes."""

import random
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from dp.train_aligner import offset_net, onset_net


@pytest.mark.parametrize(("module", "performances"), [(onset_net, "2"), (offset_net, "2")])
def test_two_runs_with_one_seed_write_the_same_bytes(
    module: ModuleType, performances: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(number: int) -> bytes:
        for disturb in (random.seed, np.random.seed, torch.manual_seed):
            disturb(number)  # whatever else the process has drawn
        path = tmp_path / f"{number}.npz"
        arguments = ["--performances", performances, "0", "0", "--epochs", "1", "--seed", "5"]
        assert module.main(["-o", str(path), *arguments]) == 0
        return path.read_bytes()

    assert run(1) == run(2)
    assert "epoch 0: loss" in capsys.readouterr().out


@pytest.mark.parametrize("module", [onset_net, offset_net])
def test_bad_data_is_one_line(module: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert module.main(["-o", str(tmp_path / "net.npz"), "--bach-violin", str(tmp_path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{module.__name__}: {tmp_path}: is not the Bach Violin Dataset (")
    assert list(tmp_path.iterdir()) == []
