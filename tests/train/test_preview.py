from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from dp.data.arrays import build_baseline_arrays
from dp.evaluate.timing_playing import find_starting_notes
from dp.models.baseline import BaselineDims, BaselineModel
from dp.models.checkpoint import Checkpoint
from dp.models.mel import LogMel
from dp.models.synthesis import SynthesisModel
from dp.models.timing import TimingModel
from dp.models.vocos import VocosModel
from dp.train.preview import compare_timings, make_preview
from tests.train import tiny

LOG_MEL = LogMel(tiny.MEL, tiny.FILTERBANK)
RATE_HZ = 62.5


def timing() -> TimingModel:
    return TimingModel(replace(tiny.TIMING_DIMS, performer_count=2)).eval()


def synthesis() -> SynthesisModel:
    return SynthesisModel(replace(tiny.SYNTHESIS_DIMS, performer_count=2, band_count=20)).eval()


def vocos() -> VocosModel:
    return VocosModel(replace(tiny.VOCOS_DIMS, band_count=20)).eval()


def baseline() -> BaselineModel:
    return BaselineModel(BaselineDims(performer_count=2, performer_width=4, width=16)).eval()


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def test_a_synthesis_models_mel_stands_beside_the_true_one() -> None:
    item = tiny.synthesis().clips[1]
    made = make_preview(synthesis(), item, LOG_MEL, RATE_HZ)
    assert made.clip_id == "one/1"
    assert np.array_equal(made.log_mels["truth"], item.log_mel)
    assert made.log_mels["model"].shape == item.log_mel.shape
    assert made.samples == {}
    assert made.notes["notes"].pitch.tolist() == item.sounding.pitch.tolist()


@pytest.mark.parametrize("untrained", [vocos, baseline])
def test_what_makes_sound_is_heard_and_seen(untrained: Callable[[], nn.Module]) -> None:
    sound = tiny.vocoder()
    item = sound.clips[1] if untrained is vocos else build_baseline_arrays(tiny.synthesis(), sound).clips[1]
    made = make_preview(untrained(), item, LOG_MEL, RATE_HZ)
    assert np.array_equal(made.samples["truth"], item.samples)
    assert made.samples["model"].shape == item.samples.shape
    np.testing.assert_allclose(made.log_mels["truth"][5:-5], tiny.MELS["one/1"][5:-5], atol=1e-3)
    assert made.log_mels["model"].shape == (125, 20)


def test_an_untrained_timing_model_is_the_metronome_it_is_drawn_beside() -> None:
    item = tiny.timing().clips[0]
    chosen = find_starting_notes(item)
    checkpoint = Checkpoint(timing(), tiny.MEL, 0, ("ann", "bo"))
    rolls = compare_timings(item, {"ours": checkpoint}, RATE_HZ)
    assert list(rolls) == ["performed", "ours", "score at constant tempo"]
    np.testing.assert_allclose(rolls["ours"].onset_sec, rolls["score at constant tempo"].onset_sec, atol=1e-6)
    np.testing.assert_allclose(rolls["performed"].onset_sec, item.onset_frame[chosen] / RATE_HZ, atol=1e-6)
    assert rolls["performed"].onset_sec[0] == pytest.approx(rolls["ours"].onset_sec[0])  # the first one is given
    made = make_preview(checkpoint.model, item, LOG_MEL, RATE_HZ)
    assert sorted(made.notes) == ["model", "truth"]
    assert made.log_mels == {}
