"""Training of voices on two tiny recordings."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from dp.data.arrays import PREPARED_TYPES
from dp.data.prepared import load_prepared, save_prepared
from dp.models.checkpoint import load_checkpoint, save_checkpoint
from dp.models.voices.model import VoicesModel
from dp.models.voices.play import VoiceOptions, play_voices
from dp.train.loop import Course
from dp.train.voice_onsets import find_lags
from dp.train.voice_pieces import prepare_pieces
from dp.train.voices import train_voices
from tests.train.tiny import MEL, PERFORMANCES, SAMPLES, TRAINED_ON, Log
from tests.train.tiny_voices import VOICES, arrays, make_recordings


@pytest.mark.parametrize("kind", ["bowed", "struck"])
def test_voices_learn_the_sound(kind: str) -> None:
    log = Log()
    made = train_voices(arrays(), replace(VOICES, kind=kind, step_count=80), log)
    losses = log.values("valid_loss")
    assert losses[-1] < 0.8 * losses[0]
    assert made.performer_names == ("ann", "bo")
    assert made.trained_on == TRAINED_ON
    assert made.train["rooms"] == ["one", "two"]
    assert made.model.heard[60] == 2
    assert made.model.heard.sum() == 8  # of 16: those that begin in the clips held out do not count
    assert made.model.dims.style_count == (8 if kind == "bowed" else 0)


def test_a_training_that_was_interrupted_goes_on_as_if_it_was_not(tmp_path: Path) -> None:
    whole = train_voices(arrays(), VOICES, Log())
    path = tmp_path / "state.pt"

    class Stop(Exception):
        pass

    def stop(model: torch.nn.Module, step: int) -> None:
        if step == 16:
            raise Stop

    course = Course(state_path=path, on_valid=stop)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Stop):
        patch.setattr("dp.train.loop.SAVE_EVERY_SEC", 0.0)
        train_voices(arrays(), VOICES, Log(), course=course)
    resumed = train_voices(arrays(), VOICES, Log(), course=Course(state_path=path, resume=True))
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[name]), name


def test_trained_voices_come_back_from_disk_and_play(tmp_path: Path) -> None:
    made = train_voices(arrays(), VOICES, Log())
    save_checkpoint(made, tmp_path / "voices")
    back = load_checkpoint(tmp_path / "voices", [VoicesModel])
    notes, options = PERFORMANCES[0].performed, VoiceOptions((("bo", 1.0),), room="two")
    first, second = (
        np.concatenate(list(play_voices(notes, np.zeros(len(notes)), each, options))) for each in (made, back)
    )
    assert np.abs(first).max() > 0.01
    assert first.tobytes() == second.tobytes()


def test_arrays_of_voices_travel(tmp_path: Path) -> None:
    save_prepared(tmp_path / "voices.npz", arrays())
    back = load_prepared(tmp_path / "voices.npz", PREPARED_TYPES)
    assert back.clips[0].recording is back.clips[1].recording
    assert np.array_equal(back.clips[0].recording.samples, SAMPLES["one"])


def test_lags_are_found_where_notes_begin_late() -> None:
    recording = make_recordings()["one"]
    early = replace(recording.performed, onset_sec=recording.performed.onset_sec - 0.03)
    found = find_lags(recording, MEL.sample_rate_hz)
    later = find_lags(replace(recording, performed=early), MEL.sample_rate_hz)
    assert np.median(later - found) == pytest.approx(0.03, abs=0.004)


def test_pieces_take_the_tracked_pitch_also_when_they_are_transposed() -> None:
    recording = make_recordings(cent=50.0)["one"]
    plain, higher = prepare_pieces(recording, "bowed", MEL.sample_rate_hz, (12,))
    assert plain.voices.hz[: int(plain.voices.points.first[1])] == pytest.approx(261.6256 * 2 ** (50 / 1200), rel=1e-5)
    assert higher.voices.hz[: int(higher.voices.points.first[1])] == pytest.approx(
        523.2511 * 2 ** (50 / 1200), rel=1e-5
    )
    assert len(higher.samples) == pytest.approx(len(plain.samples) / 2, abs=2)
    assert higher.voices.notes.onset_sec == pytest.approx(plain.voices.notes.onset_sec / 2)
