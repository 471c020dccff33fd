"""Compute constant-Q spectra for pictures of alignments; `dp.align.publication` computes its own."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dp.units import compute_frame_rate_hz

SEMITONES_PER_OCTAVE = 12


@dataclass(frozen=True)
class ConstantQ:
    """Levels: bin b at MIDI pitch min_pitch + b / bins_per_semitone, frame t at t / frame_rate_hz s."""

    db: npt.NDArray[np.float32]  # [bins, T] 0 = the loudest
    frame_rate_hz: float
    min_pitch: float
    bins_per_semitone: int


def compute_constant_q(
    samples: npt.NDArray[np.float32],
    sample_rate_hz: int,
    hop_sample: int = 512,
    min_pitch: int = 48,
    octave_count: int = 5,
    bins_per_semitone: int = 3,
    range_db: float = 80.0,
) -> ConstantQ:
    """Compute constant-Q magnitudes in dB below the loudest, cut at `range_db`.

    Args:
        samples: [L] mono.
        sample_rate_hz: their rate; half of it must lie above the highest band.
        hop_sample: samples from frame to frame; frames are centred, T = 1 + L // hop.
        min_pitch: MIDI pitch of the lowest bin; 48 is C3.
        octave_count: octaves from there.
        bins_per_semitone: resolution.
        range_db: dynamic range kept.
    """
    import librosa

    spectrum = librosa.cqt(
        samples,
        sr=sample_rate_hz,
        hop_length=hop_sample,
        fmin=librosa.midi_to_hz(min_pitch),
        n_bins=octave_count * SEMITONES_PER_OCTAVE * bins_per_semitone,
        bins_per_octave=SEMITONES_PER_OCTAVE * bins_per_semitone,
        tuning=0.0,  # left out, librosa estimates it, and that crashes the interpreter with some versions of numba
    )
    db = librosa.amplitude_to_db(np.abs(spectrum), ref=np.max, top_db=range_db).astype(np.float32)
    return ConstantQ(db, compute_frame_rate_hz(sample_rate_hz, hop_sample), float(min_pitch), bins_per_semitone)
