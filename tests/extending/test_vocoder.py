"""A vocoder is added as docs/extending.md says: it is trained, kept, read again and rendered with."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import dp
from dp.config import MelConfig
from dp.evaluate.preset_systems import load_preset
from dp.evaluate.sound import measure_systems
from dp.evaluate.systems import make_copy_synthesis_system, make_evaluation_clips
from dp.models import vocoders
from dp.models.checkpoint import Checkpoint, save_checkpoint
from dp.models.mel import LogMel
from dp.models.vocoders import VOCODER_TYPES, Vocoder
from dp.presets import CHOICES
from dp.train.vocoder import ARCHITECTURES, Architecture, train_vocoder
from tests.extending.pages import missing_files
from tests.factories import melody_xml
from tests.render import untrained
from tests.train import tiny


@dataclass(frozen=True)
class FramewiseDims:
    """Sizes of the tiny vocoder."""

    band_count: int = 80
    hop_sample: int = 256


class FramewiseModel(nn.Module):
    """One linear layer from each frame to the samples of its hop."""

    kind: ClassVar[str] = "framewise"
    dims_type: ClassVar[type[FramewiseDims]] = FramewiseDims

    def __init__(self, dims: FramewiseDims) -> None:
        super().__init__()
        self.dims = dims
        self.leave = nn.Linear(dims.band_count, dims.hop_sample)

    def forward(self, log_mel: Tensor) -> Tensor:
        """Log-mel [B, T, M] to samples [B, T * hop]."""
        return torch.tanh(self.leave(log_mel)).flatten(1)

    def vocode(self, log_mel: Tensor) -> Tensor:
        """See `Vocoder`."""
        return torch.cat([log_mel.new_zeros(0), *self.stream([log_mel])])

    @torch.no_grad()
    def stream(self, pieces: Iterable[Tensor]) -> Iterator[Tensor]:
        """See `Vocoder`: no frame depends on another."""
        for piece in pieces:
            yield self(piece[None])[0]


def make_framewise(mel: MelConfig, log_mel: LogMel, dims: Any) -> nn.Module:
    """An untrained one."""
    return FramewiseModel(FramewiseDims(mel.band_count, mel.hop_sample))


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add it where the checklist says."""
    framewise: type[Vocoder] = FramewiseModel
    monkeypatch.setattr(vocoders, "VOCODER_TYPES", (*VOCODER_TYPES, framewise))
    monkeypatch.setitem(CHOICES, "architecture", (*CHOICES["architecture"], FramewiseModel.kind))
    architecture = Architecture(make_framewise, ARCHITECTURES["vocos"].make_recipe)
    monkeypatch.setitem(ARCHITECTURES, FramewiseModel.kind, architecture)


def render(models: Path) -> np.ndarray[Any, np.dtype[np.float32]]:
    score = models.parent / "tune.musicxml"
    score.write_bytes(melody_xml((60, 64, 67)))
    return dp.render(score, models).samples


def test_a_new_vocoder_is_kept_and_read_again_and_renders(tmp_path: Path) -> None:
    torch.manual_seed(1)
    model = FramewiseModel(FramewiseDims(tiny.MEL.band_count, tiny.MEL.hop_sample))
    plain = untrained.save(untrained.model_set(), tmp_path / "plain")
    changed = untrained.save(untrained.model_set(), tmp_path / "changed")
    save_checkpoint(Checkpoint(model, tiny.MEL, 1), changed / "vocoder")
    read = dp.load_models(changed).vocoder.model
    assert isinstance(read, FramewiseModel)
    log_mel = torch.randn(7, tiny.MEL.band_count)
    assert torch.equal(read.vocode(log_mel), model.vocode(log_mel))
    assert torch.equal(torch.cat(list(read.stream([log_mel[:3], log_mel[3:]]))), model.vocode(log_mel))
    samples = render(changed)
    assert len(samples) == len(render(plain))
    assert np.abs(samples).max() > 0
    assert not np.array_equal(samples, render(plain))


def test_a_new_vocoder_is_trained_and_evaluated(tmp_path: Path) -> None:
    config = replace(tiny.VOCODER, architecture=FramewiseModel.kind, step_count=30, ema_decay=0.0)
    losses: list[float] = []

    def log(metrics: dict[str, float], step: int) -> None:
        losses.extend([metrics["train_loss"]] if "train_loss" in metrics else [])

    made = train_vocoder(tiny.vocoder(), tiny.FILTERBANK, config, log)
    assert losses[-1] < losses[0]
    save_checkpoint(made, tmp_path / "vocoder")
    vocoder = load_preset(tmp_path, tiny.MEL).vocoder
    assert vocoder is not None
    clips = make_evaluation_clips(tiny.synthesis().clips, tiny.vocoder().clips)
    rows = measure_systems(clips, {"copy": make_copy_synthesis_system(vocoder)}, tiny.MEL)
    assert [sorted(row.metrics) for row in rows] == [["copy"], ["copy"]]
    assert all(row.metrics["copy"]["stft_distance"] > 0 for row in rows)


def test_every_kind_can_be_named_trained_and_read() -> None:
    kinds = [kind.kind for kind in vocoders.VOCODER_TYPES]
    assert kinds == list(CHOICES["architecture"]) == list(ARCHITECTURES) == ["vocos", "hifigan", "framewise"]


def test_the_files_of_the_checklist_exist() -> None:
    assert missing_files("A vocoder") == []
