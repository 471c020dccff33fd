"""Voices: oscillators, points along notes, pitch that moves, and playing block by block."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from dp.config import MelConfig
from dp.errors import DataError
from dp.models.checkpoint import Checkpoint
from dp.models.voices import oscillators, play
from dp.models.voices.model import VoicesDims, VoicesModel
from dp.models.voices.notes import choose_points, compute_stiffness, make_note_features
from dp.models.voices.oscillators import Segments, make_segments, sum_partials
from dp.models.voices.pitch import DEPTH, GLIDE, OFFSET, RATE, STYLE_COUNT, bend, fit_style
from dp.models.voices.play import VoiceOptions, play_voices
from dp.types import PITCH_FRAME_RATE_HZ, PerformedNotes, PitchCurve, Source

RATE_HZ = 44100


def notes(*rows: tuple[int, float, float]) -> PerformedNotes:
    pitch, onset, offset = (np.array(column) for column in zip(*rows, strict=True))
    return PerformedNotes(pitch, np.zeros(len(rows), np.int64), onset, offset, np.ones(len(rows)))


def voices(kind: str = "bowed") -> Checkpoint[VoicesModel]:
    """An untrained model of two performers and two rooms, whose rooms ring."""
    torch.manual_seed(1)
    model = VoicesModel(VoicesDims(kind=kind, performer_count=2, room_count=2, style_count=24, width=16, depth=1))
    with torch.no_grad():
        model.performer.normal_(0, 0.2)
        model.style[:, 0] = torch.tensor([1.0, 2.0] * 12)
        model.style[:, 1] = 69.0
        model.style[:, 2] = 1.0
        model.style[:, 3] = torch.tensor([15.0, -15.0] * 12)
        model.late_decay.fill_(-1.0)
        model.heard[69] = 5
        model.background[1] = -4.0
    sources = (Source("first", "ann", "PD"), Source("second", "bo", "PD"))
    mel = MelConfig()
    return Checkpoint(model.eval(), mel, 1, ("ann", "bo"), {"rooms": ["first", "second"]}, trained_on=sources)


def sound(played: Iterator[np.ndarray]) -> np.ndarray:
    return np.concatenate(list(played))


def make_two_voices(stiff: bool) -> tuple[Segments, int]:
    """Two voices of several points, the first of which lies before the first sample."""
    rng = np.random.default_rng(1)
    first = np.array([0, 7, 19])
    sample = np.concatenate([np.cumsum(rng.integers(30, 500, count)) - 200 for count in (7, 12)])
    hz = np.concatenate([np.full(7, 311.0), np.full(12, 97.0)])
    hz = hz if stiff else hz * (1 + 0.01 * rng.standard_normal(19))
    stiffness = np.array([4e-4, 1e-4]) if stiff else np.zeros(2)
    return make_segments(first, sample, hz, np.array([0.3, 2.0]), stiffness, np.array([0, 1]), RATE_HZ), 19


def test_one_partial_is_a_sine() -> None:
    segments = make_segments(
        np.array([0, 2]),
        np.array([0, 1000]),
        np.array([440.0, 440.0]),
        np.zeros(1),
        np.zeros(1),
        np.zeros(1, int),
        RATE_HZ,
    )
    made = sum_partials(torch.ones(2, 1), segments, (1, 1000), RATE_HZ)[0].numpy()
    assert np.allclose(made, np.sin(2 * np.pi * 440 / RATE_HZ * np.arange(1000)), atol=1e-5)


@pytest.mark.parametrize("stiff", [False, True])
def test_kernels_and_torch_agree_in_values_and_gradients(stiff: bool) -> None:
    segments, count = make_two_voices(stiff)
    amplitude = torch.rand(count, 30, generator=torch.Generator().manual_seed(1))
    weight = torch.randn(2, 3000, generator=torch.Generator().manual_seed(2))
    found = []
    for way in (sum_partials, oscillators._sum_on_device):
        own = amplitude.clone().requires_grad_()
        made = way(own, segments, (2, 3000), RATE_HZ)
        torch.autograd.backward((made * weight).sum())
        assert own.grad is not None
        found.append((made.detach(), own.grad))
    assert float(found[0][0].abs().max()) > 1.0
    assert torch.allclose(found[0][0], found[1][0], atol=1e-3)
    assert torch.allclose(found[0][1], found[1][1], atol=1e-3)


def test_stiff_strings_sound_sharp_as_their_formula_says() -> None:
    stiffness = 5e-4
    segments = make_segments(
        np.array([0, 2]),
        np.array([0, RATE_HZ]),
        np.array([100.0] * 2),
        np.zeros(1),
        np.array([stiffness]),
        np.zeros(1, int),
        RATE_HZ,
    )
    amplitude = torch.zeros(2, 10)
    amplitude[:, 9] = 1.0
    made = sum_partials(amplitude, segments, (1, RATE_HZ), RATE_HZ)[0].numpy()
    peak_hz = int(np.argmax(np.abs(np.fft.rfft(made * np.hanning(RATE_HZ)))))
    assert peak_hz == round(10 * 100.0 * np.sqrt(1 + stiffness * 100))
    assert peak_hz == 1025


def test_partials_of_stiff_strings_go_on_from_segment_to_segment() -> None:
    ends = np.array([0, 700, 1500, 2600, 4000])
    amplitude = torch.zeros(5, 3)
    amplitude[:, 2] = 1.0
    made = []
    for sample in (ends, ends[[0, -1]]):
        count = len(sample)
        segments = make_segments(
            np.array([0, count]), sample, np.full(count, 311.0), np.ones(1), np.array([4e-3]), np.zeros(1, int), RATE_HZ
        )
        made.append(sum_partials(amplitude[:count], segments, (1, 4000), RATE_HZ))
    assert torch.allclose(made[0], made[1], atol=1e-4)


def test_points_are_dense_at_the_attack_and_end_after_the_tail() -> None:
    points = choose_points(notes((69, 1.0, 2.0), (70, 3.0, 3.02)), "bowed")
    first = points.time_sec[: points.first[1]]
    assert np.isclose(first[0], 1.0 - 0.024)
    assert np.isclose(first[-1], 2.16)
    near = np.diff(first[(first > 0.9995) & (first < 1.0065)])
    assert np.allclose(near, 0.002)
    assert (np.diff(points.time_sec[points.first[1] :]) > 0).all()


def test_notes_know_their_neighbours() -> None:
    alone = make_note_features(notes((60, 0.0, 0.5), (64, 0.5, 1.0)))
    changed = make_note_features(notes((60, 0.0, 0.5), (67, 0.5, 1.0)))
    far = make_note_features(notes((60, 0.0, 0.5), (64, 0.5, 1.0), (72, 9.0, 9.5)))
    assert not np.allclose(alone[0], changed[0])
    assert np.allclose(alone[0], far[0])


def test_a_fitted_style_gives_back_the_curve() -> None:
    seconds = (np.arange(125) + 0.5) / PITCH_FRAME_RATE_HZ
    cent = 7.0 + 20.0 * np.sin(2 * np.pi * 5.5 * seconds) * np.clip(seconds / 0.15 - 1, 0, 1)
    curve = PitchCurve(0, (cent + 30.0).astype(np.float32), np.ones(125, np.float32))
    style = fit_style(curve, 1.0, tuning_cent=30.0)
    assert style.offset_cent == pytest.approx(7.0, abs=3.0)
    assert style.depth_cent == pytest.approx(20.0, abs=3.0)
    assert style.rate_hz == pytest.approx(5.5, abs=0.15)


def test_a_steady_note_has_no_vibrato() -> None:
    noise = np.random.default_rng(1).normal(0, 4, 125).astype(np.float32)
    assert fit_style(PitchCurve(0, noise, np.ones(125, np.float32)), 1.0, 0.0).depth_cent < 1.5


def test_pitch_bends_as_its_style_says_and_not_without_expression() -> None:
    style = np.zeros((1, STYLE_COUNT), np.float32)
    style[0, [OFFSET, GLIDE, DEPTH, RATE]] = 5.0, 10.0, 20.0, 6.0
    at = np.array([0.0, 0.5])
    quarter_turn = np.array([np.pi / 2 - 2 * np.pi * 6.0 * 0.5])
    made = bend(style, np.zeros(2, int), at, np.array([1.0]), quarter_turn)
    assert made == pytest.approx([15.0, 25.0], abs=0.1)
    assert bend(style, np.zeros(2, int), at, np.array([1.0]), quarter_turn, expression=0.0) == pytest.approx([0.0, 0.0])


@pytest.mark.parametrize("kind", ["bowed", "struck"])
def test_blocks_of_any_size_make_the_same_sound(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    piece = notes((69, 0.1, 0.9), (76, 0.4, 0.6), (55, 2.5, 3.0))
    whole = sound(play_voices(piece, np.zeros(3), voices(kind)))
    monkeypatch.setattr(play, "FIRST_BLOCK_HOP", 7)
    monkeypatch.setattr(play, "BLOCK_HOP", 33)
    assert np.abs(whole).max() > 1e-3
    assert np.allclose(whole, sound(play_voices(piece, np.zeros(3), voices(kind))), atol=1e-6)


def test_the_same_seed_makes_the_same_bytes_and_another_seed_others() -> None:
    piece = notes((69, 0.1, 0.9), (76, 0.4, 0.6))
    first, again, other = (sound(play_voices(piece, np.zeros(2), voices(), VoiceOptions(seed=s))) for s in (1, 1, 2))
    assert first.tobytes() == again.tobytes()
    assert not np.allclose(first, other, atol=1e-3)


def find_peak_hz(options: VoiceOptions) -> float:
    made = sound(play_voices(notes((69, 0.0, 1.5)), np.zeros(1), voices(), options))[RATE_HZ // 5 : RATE_HZ]
    spectrum = np.abs(np.fft.rfft(made * np.hanning(len(made)), 1 << 20))[: 600 * (1 << 20) // RATE_HZ]
    return float(np.argmax(spectrum) * RATE_HZ / (1 << 20))


def test_performers_differ_in_intonation_and_expression_0_plays_the_written_pitch() -> None:
    assert find_peak_hz(VoiceOptions(expression=0.0)) == pytest.approx(440.0, abs=0.1)
    assert find_peak_hz(VoiceOptions((("ann", 1.0),))) > 441.0
    assert find_peak_hz(VoiceOptions((("bo", 1.0),))) < 439.0
    assert find_peak_hz(VoiceOptions(expression=0.0, tuning_hz=415.0)) == pytest.approx(415.0, abs=0.1)


def test_louder_notes_are_louder_by_so_much() -> None:
    piece = notes((69, 0.0, 0.5))
    usual, louder = (sound(play_voices(piece, np.array([gain]), voices())) for gain in (0.0, 6.0206))
    middle = slice(8000, 16000)
    assert np.std(louder[middle]) / np.std(usual[middle]) == pytest.approx(2.0, rel=0.02)


def test_a_mix_lies_between_its_performers() -> None:
    one, other, mixed = (
        sound(play_voices(notes((69, 0.0, 0.5)), np.zeros(1), voices(), VoiceOptions(who, expression=0.0)))
        for who in ((("ann", 1.0),), (("bo", 1.0),), (("ann", 1.0), ("bo", 1.0)))
    )
    assert not np.allclose(mixed, one, atol=1e-4)
    assert not np.allclose(mixed, other, atol=1e-4)


def test_rooms_differ_and_studio_is_one_of_them() -> None:
    first, studio = (
        sound(play_voices(notes((69, 0.0, 0.3)), np.zeros(1), voices(), VoiceOptions(room=room)))
        for room in ("first", "studio")
    )
    assert not np.allclose(first, studio, atol=1e-4)
    with pytest.raises(DataError, match="known: first, second, studio"):
        play_voices(notes((69, 0.0, 0.3)), np.zeros(1), voices(), VoiceOptions(room="hall"))


def test_rests_have_the_noise_of_their_room_and_a_studio_the_least() -> None:
    piece = notes((69, 0.0, 0.1), (69, 3.0, 3.1))
    quiet, noisy, studio = (
        float(np.std(sound(play_voices(piece, np.zeros(2), voices(), VoiceOptions(room=room)))[2 * RATE_HZ :][:9000]))
        for room in ("first", "second", "studio")
    )
    assert noisy > 10 * quiet
    assert studio < 2 * quiet


def test_unknown_performers_are_refused() -> None:
    with pytest.raises(DataError, match="known: ann, bo"):
        play_voices(notes((69, 0.0, 0.3)), np.zeros(1), voices(), VoiceOptions((("eve", 1.0),)))


def test_pitches_that_were_hardly_heard_are_named() -> None:
    assert play.find_rare_pitches(voices(), notes((69, 0.0, 1.0), (70, 1.0, 2.0))) == (70,)


def test_pianos_are_stiffest_at_their_ends() -> None:
    low, middle, high = compute_stiffness(np.array([21, 45, 100]))
    assert middle < low < high
