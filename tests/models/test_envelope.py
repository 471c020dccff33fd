import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dp.audio.mel import make_mel_filterbank
from dp.config import MelConfig
from dp.models import envelope, harmonics
from dp.models.envelope import TAIL_FRAME, EnvelopeMixer, find_sounding_pairs, make_curve_basis
from dp.models.harmonics import Partials, compute_partial_spectra


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.lists(st.tuples(st.integers(-20, 30), st.integers(0, 25)), min_size=3, max_size=3), min_size=1, max_size=3
    ),
    st.integers(0, 25),
    st.integers(0, 6),
)
def test_pairs_are_those_of_a_plain_loop(clips: list[list[tuple[int, int]]], frame_count: int, tail_frame: int) -> None:
    onset, duration = torch.tensor(clips).unbind(dim=2)
    expected = sorted(
        (row * 3 + note, row * frame_count + frame)
        for row, notes in enumerate(clips)
        for note, (start, length) in enumerate(notes)
        for frame in range(frame_count)
        if length > 0 and start <= frame < start + length + tail_frame
    )
    note, frame = find_sounding_pairs(onset, duration, frame_count, tail_frame)
    assert sorted(zip(note.tolist(), frame.tolist(), strict=True)) == expected


def test_curves_go_straight_between_knots_that_grow_sparser() -> None:
    basis = make_curve_basis(16)
    assert basis.shape == (16, 5)
    assert torch.allclose(basis.sum(dim=1), torch.ones(16))
    for knot, frame in enumerate([0, 1, 3, 7, 15]):
        assert basis[frame, knot] == 1.0


def test_fresh_envelopes_are_flat_and_silent_after_the_end() -> None:
    mixer = EnvelopeMixer(2)
    vectors = torch.tensor([[[1.0, -2.0], [3.0, 4.0]]])
    out = mixer(vectors, torch.tensor([[2, 4]]), torch.tensor([[4, 1]]), 10)[0]
    alone, both = torch.tensor([1.0, -2.0]), torch.tensor([4.0, 2.0]) / math.sqrt(2)
    expected = torch.stack([0 * alone, 0 * alone, alone, alone, both, alone, *[0 * alone] * 4])
    assert torch.allclose(out, expected)


def test_an_envelope_knows_the_frames_since_the_onset_and_until_the_offset() -> None:
    mixer = EnvelopeMixer(1)
    with torch.no_grad():
        mixer.since_onset[0] = 10.0  # the first frame alone
        mixer.until_offset[0] = 100.0  # the last frame
        mixer.since_offset[1] = 1000.0  # the second frame past the end
    out = mixer(torch.ones(1, 1, 1), torch.tensor([[-1]]), torch.tensor([[5]]), 8)[0, :, 0]
    # The onset lies before the clip, so its frame is not seen.
    between = 1000.0 * (2.0 - math.log2(3.0))  # of the knots at 1 and 3
    assert torch.allclose(out, torch.tensor([1.0, 1.0, 1.0, 101.0, 0.0, 1000.0, between, 0.0]))


def test_envelopes_do_not_depend_on_where_the_clip_begins() -> None:
    torch.manual_seed(0)
    mixer = EnvelopeMixer(4)
    for weight in mixer.parameters():
        torch.nn.init.normal_(weight)
    onset, duration, vectors = torch.tensor([[3, 8, 30]]), torch.tensor([[9, 40, 2]]), torch.randn(1, 3, 4)
    whole = mixer(vectors, onset, duration, 140)
    part = mixer(vectors, onset - 20, duration, 100)
    assert torch.allclose(part, whole[:, 20:120], atol=1e-6)
    assert whole[0, 48 + TAIL_FRAME].abs().max() == 0.0


def test_partials_lie_where_the_pitch_says() -> None:
    mel = MelConfig()
    spectrum = compute_partial_spectra(mel, make_mel_filterbank(mel))
    assert spectrum.shape == (129, 80)
    assert spectrum[128].max() == 0.0
    centre_hz = make_mel_filterbank(mel).argmax(axis=1) * 16000 / 1024
    loudest = centre_hz[np.argmax(spectrum[:128], axis=1)]
    for pitch, hz in ((69, 440.0), (81, 880.0), (93, 1760.0)):
        assert abs(loudest[pitch] - hz) < 40.0


def test_partials_ring_on_and_fall_silent() -> None:
    partials = Partials(80)
    mel = MelConfig()
    partials.set_spectrum(compute_partial_spectra(mel, make_mel_filterbank(mel)))
    out = partials(torch.tensor([[69, 128]]), torch.tensor([[5, 0]]), torch.tensor([[10, 0]]), 60)[0]
    band = int(out[5].argmax())
    assert out[:5].abs().max() < 1e-6
    assert torch.allclose(out[5:15, band], out[5, band])
    assert (out[15:39, band].diff() < 0).all()
    assert out[40:].abs().max() < 1e-6


def test_pairs_in_slices_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of notes at once are mixed slice by slice."""
    torch.manual_seed(0)
    mixer = EnvelopeMixer(3)
    for parameter in mixer.parameters():
        torch.nn.init.normal_(parameter)
    partials = Partials(80)
    partials.set_spectrum(compute_partial_spectra(MelConfig(), make_mel_filterbank(MelConfig())))
    times = (torch.randint(-9, 20, (2, 6)), torch.randint(0, 9, (2, 6)), 30)
    notes, pitch = torch.randn(2, 6, 3), torch.randint(0, 128, (2, 6))
    whole = mixer(notes, *times), partials(pitch, *times)
    for module in (envelope, harmonics):
        monkeypatch.setattr(module, "PAIRS_AT_ONCE", 7)
    torch.testing.assert_close((mixer(notes, *times), partials(pitch, *times)), whole)
