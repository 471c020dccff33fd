from dataclasses import replace

import numpy as np
import pytest

from dp.config import SynthesisConfig, TimingConfig, VocoderConfig
from dp.errors import DataError
from dp.models.checkpoint import load_checkpoint, save_checkpoint
from dp.models.timing import TimingModel
from dp.train.evaluate_timing import evaluate_timing
from dp.train.synthesis import train_synthesis
from dp.train.timing import train_timing
from dp.train.vocoder import train_vocoder
from tests.train import tiny

TIMING = TimingConfig(step_count=60, batch_size=2, learning_rate=1.0, warmup_step=20, seed=3)
SYNTHESIS = SynthesisConfig(step_count=60, batch_size=2, learning_rate=0.5, warmup_step=20, seed=3)
VOCODER = VocoderConfig(step_count=60, batch_size=2, learning_rate=2e-3, segment_frame=16, seed=3)


class Log:
    def __init__(self):
        self.rows = []

    def __call__(self, metrics, step):
        self.rows.append((step, metrics))

    def values(self, name):
        return [metrics[name] for _, metrics in self.rows if name in metrics]


def timing(log, arrays=None, **changes):
    return train_timing(arrays or tiny.timing(), replace(TIMING, **changes), log, dims=tiny.TIMING_DIMS)


def synthesis(log, arrays=None, **changes):
    return train_synthesis(arrays or tiny.synthesis(), replace(SYNTHESIS, **changes), log, dims=tiny.SYNTHESIS_DIMS)


def vocoder(log, arrays=None, **changes):
    config = replace(VOCODER, **changes)
    return train_vocoder(arrays or tiny.vocoder(), tiny.FILTERBANK, config, log, dims=tiny.VOCOS_DIMS)


@pytest.mark.parametrize(("train", "fall"), [(timing, 0.6), (synthesis, 0.7), (vocoder, 0.97)])
def test_the_loss_falls(train, fall):
    log = Log()
    checkpoint = train(log)
    losses = log.values("train_loss")
    assert losses[-1] < fall * losses[0]
    assert (checkpoint.step, checkpoint.data_note, checkpoint.mel) == (60, "tiny", tiny.MEL)
    assert checkpoint.train["seed"] == 3
    assert not checkpoint.model.training


@pytest.mark.parametrize("train", [timing, synthesis, vocoder])
def test_the_same_seed_gives_the_same_losses_and_another_seed_others(train):
    logs = [Log(), Log(), Log()]
    for log, seed in zip(logs, (1, 1, 2), strict=True):
        train(log, step_count=10, seed=seed)
    assert logs[0].rows == logs[1].rows
    assert logs[0].values("train_loss") != logs[2].values("train_loss")


@pytest.mark.parametrize(("train", "make"), [(synthesis, tiny.synthesis), (vocoder, tiny.vocoder)])
def test_nan_in_a_clip_stops_with_its_id(train, make):
    arrays = make()
    broken = replace(arrays.clips[2], log_mel=np.full_like(arrays.clips[2].log_mel, np.nan))
    arrays = replace(arrays, clips=(*arrays.clips[:2], broken, arrays.clips[3]))
    with pytest.raises(DataError, match=r"training step 1: loss nan.*two/0"):
        train(Log(), arrays)


def test_training_learns_who_is_late():
    """Bo is later off the beat than Ann; the model finds that in clips it has seen, a metronome does not."""
    arrays = tiny.timing()
    dims = replace(tiny.TIMING_DIMS, dropout=0.0)
    checkpoint = train_timing(arrays, replace(TIMING, step_count=300), Log(), dims=dims)
    seen = tuple(replace(item, clip=replace(item.clip, valid_by_clip=True)) for item in arrays.training())
    systems = evaluate_timing(checkpoint, replace(arrays, clips=seen))["violin"]["clip"]
    for metric in ("onset_mse_frame2", "duration_mse_frame2"):
        assert systems["timing-model"][metric]["mean"] < 0.5 * systems["constant-tempo"][metric]["mean"], metric


def test_a_trained_model_survives_its_checkpoint(tmp_path):
    checkpoint = timing(Log(), step_count=5)
    save_checkpoint(checkpoint, tmp_path / "timing")
    found = load_checkpoint(tmp_path / "timing", TimingModel, tiny.MEL)
    assert found.performer_names == ("ann", "bo")
    assert evaluate_timing(found, tiny.timing()) == evaluate_timing(checkpoint, tiny.timing())


def test_segments_longer_than_every_clip():
    with pytest.raises(DataError, match=r"train.vocoder.segment_frame: is 126, longer than every clip"):
        vocoder(Log(), segment_frame=126)


def test_segments_too_short_for_the_loss():
    with pytest.raises(DataError, match=r"train.vocoder.segment_frame: is 8, expected at least 9"):
        vocoder(Log(), segment_frame=8)
