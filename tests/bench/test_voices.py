"""The bench of voices on sounds whose figures are known."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from bench.voices.measure import RECORDING, Measured, measure_recording, measure_vibratos
from bench.voices.picture import draw_spectrograms
from bench.voices.systems import list_cents, load_voices_player, make_midi, play_timed
from bench.voices.tables import MEANS, format_figures, format_vibrato
from dp.audio.pitch_curves import track_pitch
from dp.config import MelConfig
from dp.data.clips import Float32Array
from dp.data.voices import VoiceRecording
from dp.metrics import Vibrato
from dp.models.checkpoint import Checkpoint, save_checkpoint
from dp.models.voices.model import VoicesDims, VoicesModel
from dp.types import PITCH_FRAME_RATE_HZ, PerformedNotes, PitchCurve, Source
from tests.metrics.sounds import RATE_HZ, play_notes

ONSETS_SEC = 0.2 + 0.48 * np.arange(30)
PITCHES = 60 + np.arange(30) % 12
LEVELS_DB = -3.0 * (np.arange(30) % 3)


def play(levels_db: np.ndarray = LEVELS_DB, rise_db: float = 30.0) -> Float32Array:
    sound = play_notes(PITCHES.tolist(), ONSETS_SEC.tolist(), levels_db.tolist(), 0.42, rise_db)
    return sound.astype(np.float32)


def make_recording(
    samples: Float32Array, pitch: np.ndarray = PITCHES, onset_sec: np.ndarray = ONSETS_SEC
) -> VoiceRecording:
    notes = PerformedNotes(pitch, 0 * pitch, onset_sec, onset_sec + 0.42, np.ones(len(pitch)))
    curves = tuple(
        PitchCurve(round(onset * PITCH_FRAME_RATE_HZ), np.full(52, 20.0, np.float32), np.ones(52, np.float32))
        for onset in onset_sec
    )
    return VoiceRecording("r", "ann", samples, notes, curves, 20.0)


def make_untrained_voices() -> Checkpoint[VoicesModel]:
    """Voices that move no pitch."""
    torch.manual_seed(1)
    model = VoicesModel(VoicesDims(kind="bowed", performer_count=1, room_count=1, style_count=24, width=16, depth=1))
    sources = (Source("first", "ann", "PD"),)
    return Checkpoint(model.eval(), MelConfig(), 1, ("ann",), {"rooms": ["first"]}, trained_on=sources)


def test_a_recording_beside_itself_and_beside_one_with_softer_attacks_and_a_hole() -> None:
    levels_db = LEVELS_DB.copy()
    levels_db[5] = -200.0
    found: dict[str, Measured] = {}
    sounds = {RECORDING: play(), "soft": play(levels_db, 12.0)}
    measure_recording(make_recording(sounds[RECORDING]), sounds, RATE_HZ, MelConfig(), None, found)
    real, soft = found[RECORDING].clips, found["soft"].clips
    assert len(real) == len(soft) == 2  # whole clips of five seconds in 15 seconds less a bit
    assert [figures["log_mel_mse_gain_free"] for figures in real] == [0.0, 0.0]
    assert [figures["level"] for figures in real] == pytest.approx([1.0, 1.0])
    assert [figures["holes"] for figures in real] == [0.0, 0.0]
    assert [figures["holes"] for figures in soft] == [0.1, 0.0]
    assert all(np.isnan(figures["note_f1_50ms"]) for figures in real)
    for band in ("low", "high"):
        for ours, theirs in zip(soft, real, strict=True):
            assert ours[f"attack_{band}"] < 0.8 * theirs[f"attack_{band}"]


def test_vibrato_is_told_of_notes_that_are_sure_in_both() -> None:
    real = [Vibrato(10.0, 6.0), None, Vibrato(20.0, 5.0), Vibrato(30.0, float("nan"))]
    ours = [Vibrato(5.0, 6.6), Vibrato(50.0, 9.0), None, Vibrato(15.0, 6.6)]
    found = {RECORDING: Measured(vibrato={"ann": [*real]}), "ours": Measured(vibrato={"ann": [*ours]})}
    row = format_vibrato(found).splitlines()[-1]
    assert row == "| ann | ours | 2 | 10.00 (5.00 to 15.00) | 0.50 | 6.60 (6.60 to 6.60) | 1.10 |"


def test_vibrato_of_a_recording_is_by_performer_and_note() -> None:
    found: dict[str, Measured] = {}
    recording = make_recording(play())
    measure_vibratos(recording, {RECORDING: recording.samples}, RATE_HZ, found)
    assert len(found[RECORDING].vibrato["ann"]) == 30
    assert all(item is not None and item.depth_cent < 1.5 for item in found[RECORDING].vibrato["ann"][2:-1])


def test_the_table_has_ratios_of_means_to_the_recordings_and_the_peers() -> None:
    clips = {
        name: [dict.fromkeys((*MEANS, "clicks_db"), value) for value in values]
        for name, values in {RECORDING: (2.0, 4.0), "FluidSynth": (4.0, 8.0), "ours": (1.0, 2.0)}.items()
    }
    found = {name: Measured(figures, audio_sec=10.0, cpu_sec=0.1) for name, figures in clips.items()}
    table = {
        line.split(" | ")[0].strip("| "): line.split(" | ")[1:]
        for line in format_figures(found, "FluidSynth").splitlines()
    }
    assert table["rise of attacks, low band, of the recording's"][2] == "0.50 (0.50 to 0.50) |"
    assert table["log-mel MSE, of FluidSynth's"] == ["0.50 (0.50 to 0.50)", "-", "0.25 (0.25 to 0.25) |"]
    assert table["clicks beyond the recording's, dB"][2] == "-1.50 (-2.00 to -1.00) |"
    assert table["times real time, one thread"] == ["100", "100", "100 |"]
    assert "Fréchet distance" not in table


def test_what_a_system_plays_is_as_long_and_as_loud_as_the_recording() -> None:
    recording = make_recording(play())
    for made in (0.01 * recording.samples[:8000], np.tile(recording.samples, 2)):

        def player(given: VoiceRecording, made: Float32Array = made) -> Float32Array:
            return made

        played = play_timed(player, recording)
        assert len(played.samples) == len(recording.samples)
        assert np.mean(played.samples**2) == pytest.approx(np.mean(recording.samples**2), rel=1e-3)


def test_voices_play_tuned_as_the_recording_by_its_own_pitch_curves_or_without(tmp_path: Path) -> None:
    save_checkpoint(make_untrained_voices(), tmp_path / "voices")
    recording = make_recording(play()[: 3 * RATE_HZ], np.array([69]), np.array([0.5]))
    for own_curves in (False, True):
        made = load_voices_player(tmp_path / "voices", RATE_HZ, own_curves)(recording)
        (curve,) = track_pitch(made, np.array([69]), np.array([0.6]), np.array([0.9]), 20.0)
        assert float(np.median(curve.cent)) == pytest.approx(20.0, abs=4.0)


def test_pitch_curves_are_read_at_the_points_of_the_notes() -> None:
    recording = make_recording(play(), np.array([62, 60]), np.array([1.0, 0.5]))  # not in order
    rising = tuple(replace(curve, cent=np.arange(52, dtype=np.float32)) for curve in recording.curves)
    first, second = list_cents(replace(recording, curves=rising), "bowed")
    assert len(first) == len(second)
    assert first == pytest.approx(second, abs=1.0)
    assert (first.min(), first.max()) == (0.0, pytest.approx(51.0))


def test_a_note_ends_where_its_pitch_is_struck_again() -> None:
    recording = make_recording(play(), np.array([60, 60, 62]), np.array([1.0, 1.2, 1.3]))
    (instrument,) = make_midi(recording, 0).instruments
    assert [bend.pitch for bend in instrument.pitch_bends] == [819]  # 20 cents of 200, which are 8192
    assert [(note.pitch, note.start, note.end, note.velocity) for note in instrument.notes] == [
        (60, 1.0, 1.2, 80),
        (60, 1.2, pytest.approx(1.62), 80),
        (62, 1.3, pytest.approx(1.72), 80),
    ]


def test_a_picture_is_written(tmp_path: Path) -> None:
    draw_spectrograms(tmp_path / "r.png", {"a": play()[:RATE_HZ], "b": play()[:RATE_HZ]}, RATE_HZ, "r")
    assert (tmp_path / "r.png").read_bytes().startswith(b"\x89PNG")
