from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from dp.data.arrays import Arrays, TimingClip
from dp.data.loader import make_synthesis_batch
from dp.data.stretches import SynthesisClip
from dp.errors import DataError
from dp.evaluate.timing import measure_timing_models
from dp.models.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from dp.models.synthesis import SynthesisModel
from dp.models.texture import draw_texture_noise
from dp.models.timing import TimingModel
from dp.train.loop import Course
from dp.train.synthesis import train_synthesis
from dp.train.timing import train_timing
from tests.train import tiny

Train = Callable[..., Checkpoint[Any]]


def timing(log: tiny.Log, arrays: Arrays[TimingClip] | None = None, **changes: Any) -> Checkpoint[TimingModel]:
    return train_timing(arrays or tiny.timing(), replace(tiny.TIMING, **changes), log, dims=tiny.TIMING_DIMS)


def synthesis(log: tiny.Log, arrays: Arrays[SynthesisClip] | None = None, **changes: Any) -> Checkpoint[SynthesisModel]:
    return train_synthesis(arrays or tiny.synthesis(), tiny.FILTERBANK, replace(tiny.SYNTHESIS, **changes), log)


@pytest.mark.parametrize(("train", "fall"), [(timing, 0.6), (synthesis, 0.7)])
def test_the_loss_falls(train: Train, fall: float) -> None:
    log = tiny.Log()
    checkpoint = train(log)
    losses = log.values("train_loss")
    assert losses[-1] < fall * losses[0]
    assert (checkpoint.data_note, checkpoint.mel) == ("tiny", tiny.MEL)
    assert checkpoint.trained_on == tiny.TRAINED_ON
    assert checkpoint.step in (30, 60)  # where it validated best
    assert checkpoint.train["seed"] == 3
    assert not checkpoint.model.training


@pytest.mark.parametrize("train", [timing, synthesis])
def test_the_same_seed_gives_the_same_losses_and_another_seed_others(train: Train) -> None:
    logs = [tiny.Log(), tiny.Log(), tiny.Log()]
    for log, seed in zip(logs, (1, 1, 2), strict=True):
        train(log, step_count=10, seed=seed)
    assert logs[0].told() == logs[1].told()
    assert logs[0].values("train_loss") != logs[2].values("train_loss")


def test_nan_in_a_clip_stops_with_its_id() -> None:
    arrays = tiny.synthesis()
    broken = replace(arrays.clips[2], log_mel=np.full_like(arrays.clips[2].log_mel, np.nan))
    arrays = replace(arrays, clips=(*arrays.clips[:2], broken, arrays.clips[3]))
    with pytest.raises(DataError, match=r"training step 1: train_loss nan.*two/0"):
        synthesis(tiny.Log(), arrays)


def test_a_trained_model_survives_its_checkpoint(tmp_path: Path) -> None:
    checkpoint = timing(tiny.Log(), step_count=5)
    save_checkpoint(checkpoint, tmp_path / "timing")
    found = load_checkpoint(tmp_path / "timing", [TimingModel], tiny.MEL)
    assert found.performer_names == ("ann", "bo")
    before, after = (measure_timing_models({"m": model}, tiny.timing()) for model in (checkpoint, found))
    assert before == after


SWITCHES: dict[str, dict[str, Any]] = {
    "no-note-position": {"note_position": "none"},
    "no-performer": {"knows_performer": False},
    "piano-roll": {"source": "piano-roll"},
    "convolutions": {"kernel": 9},
    "envelopes": {"note_position": "envelope"},
    "frames": {"conditions_frames": True},
    "local": {"attention": "local", "reach_note": 3, "reach_frame": 8, "kernel": 3},
    "partials": {"hears_partials": True},
    "texture": {"texture": True},
}


@pytest.mark.parametrize("change", SWITCHES.values(), ids=SWITCHES.keys())
def test_every_switch_of_the_synthesis_model_trains_and_is_kept(change: dict[str, Any], tmp_path: Path) -> None:
    dims = replace(tiny.SYNTHESIS_DIMS, **change)
    log = tiny.Log()
    made = synthesis(log, step_count=40, dims=dims)
    losses = log.values("train_loss")
    assert losses[-1] < 0.9 * losses[0]
    save_checkpoint(made, tmp_path / "synthesis")
    found = load_checkpoint(tmp_path / "synthesis", [SynthesisModel])
    batch = make_synthesis_batch([tiny.synthesis().clips[0]])
    assert torch.equal(found.model(**batch.inputs), made.model(**batch.inputs))


@pytest.mark.parametrize("change", [{"l1_weight": 1.0}, {"variance_weight": 1.0}])
def test_further_losses_count(change: dict[str, Any]) -> None:
    log, plain = tiny.Log(), tiny.Log()
    synthesis(log, step_count=1, valid_every_step=1, **change)
    synthesis(plain, step_count=1, valid_every_step=1)
    assert log.values("train_mse") == plain.values("train_mse") == plain.values("train_loss")
    assert log.values("train_loss")[0] > plain.values("train_loss")[0]


def test_velocities_count_where_the_data_have_any() -> None:
    arrays = tiny.synthesis()
    heard = [replace(item.sounding, velocity=item.sounding.velocity + 64) for item in arrays.clips]
    clips = tuple(replace(item, sounding=notes) for item, notes in zip(arrays.clips, heard, strict=True))
    config = replace(tiny.SYNTHESIS, step_count=1, valid_every_step=1)
    batch = make_synthesis_batch([arrays.clips[0]])
    for given, counts in ((arrays, False), (replace(arrays, clips=clips), True)):
        model = train_synthesis(given, tiny.FILTERBANK, config, tiny.Log()).model
        played = [model(**{**batch.inputs, "velocity": 0 * batch.inputs["velocity"] + v}) for v in (30, 100)]
        assert model.dims.hears_velocity is counts
        assert (model.dims.lowest_pitch, model.dims.highest_pitch) == (60, 63)
        assert torch.equal(*played) is not counts


def test_texture_makes_mels_move_as_real_ones_and_leaves_the_prediction_alone() -> None:
    made, plain = synthesis(tiny.Log(), dims=replace(tiny.SYNTHESIS_DIMS, texture=True)), synthesis(tiny.Log())
    moves = []
    for clip in tiny.synthesis().select_training():
        batch = make_synthesis_batch([clip])
        with torch.no_grad():
            log_mel, spread = (part[0] for part in made.model.describe(**batch.inputs))
            assert torch.equal(log_mel, plain.model(**batch.inputs)[0])
        rough = log_mel + spread * draw_texture_noise(1, 0, *log_mel.shape)
        moves.append([np.var(np.diff(mel, axis=0)) for mel in (log_mel.numpy(), rough.numpy(), clip.log_mel)])
    smooth, rough, real = np.mean(moves, axis=0)
    assert smooth < 0.8 * real
    assert rough == pytest.approx(real, rel=0.2)


def test_crops_train_too() -> None:
    log = tiny.Log()
    synthesis(log, crops=True, level="recording")
    losses = log.values("train_loss")
    assert losses[-1] < 0.7 * losses[0]


def test_a_model_without_performers_says_the_same_of_all() -> None:
    made = synthesis(tiny.Log(), step_count=1, dims=replace(tiny.SYNTHESIS_DIMS, knows_performer=False))
    batch = make_synthesis_batch([tiny.synthesis().clips[0]])
    mels = [made.model(**{**batch.inputs, "performer": torch.tensor([index])}) for index in (0, 1, 2)]
    assert torch.equal(mels[0], mels[1])
    assert torch.equal(mels[0], mels[2])


def test_a_resumed_training_of_the_synthesis_model_is_the_uninterrupted_one(tmp_path: Path) -> None:
    whole, first, second = tiny.Log(), tiny.Log(), tiny.Log()
    config = replace(tiny.SYNTHESIS, step_count=20, valid_every_step=5, ema_decay=0.9, crops=True)
    made = train_synthesis(tiny.synthesis(), tiny.FILTERBANK, config, whole)
    course = Course(state_path=tmp_path / "state.pt")
    train_synthesis(tiny.synthesis(), tiny.FILTERBANK, replace(config, step_count=10), first, course=course)
    course = replace(course, resume=True)
    resumed = train_synthesis(tiny.synthesis(), tiny.FILTERBANK, config, second, course=course)
    assert whole.told() == first.told() + second.told()
    for name, value in made.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[name]), name
