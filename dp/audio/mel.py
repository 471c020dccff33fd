"""Compute log-mels: the one definition in numpy; the torch version uses the same `make_mel_filterbank`.

HiFi-GAN's convention (Kong et al., 2020, and its published meldataset.py): natural log of the magnitude mel
spectrum, slaney filters, periodic Hann window, reflect padding of (window - hop) / 2 on both sides, not centred.
"""

import numpy as np
import numpy.typing as npt

from dp.config import MelConfig

_BLOCK_FRAMES = 1024  # transformed at once


def make_mel_filterbank(mel: MelConfig) -> npt.NDArray[np.float32]:
    """Make the weights [M, F] from magnitude bins, F = window / 2 + 1, to mel bands.

    The scale is slaney's, and each band has unit area.
    """
    from librosa.filters import mel as slaney_filters

    weights: npt.NDArray[np.float32] = slaney_filters(
        sr=mel.sample_rate_hz,
        n_fft=mel.window_sample,
        n_mels=mel.band_count,
        fmin=mel.min_hz,
        fmax=mel.max_hz,
        htk=False,
        norm="slaney",
        dtype=np.float32,
    )
    return weights


def compute_log_mel(samples: npt.NDArray[np.float32], mel: MelConfig) -> npt.NDArray[np.float32]:
    """Compute the natural log of a signal's magnitude mel spectrum, not below `mel.floor`.

    Args:
        samples: [L] mono at `mel.sample_rate_hz`.
        mel: the definition.

    Returns:
        [T, M] with T = L // hop: frame t is centred on sample (t + 1/2) hop. Signals shorter than a window are
        reflected as often as it takes; shorter than a hop they have no frame.
    """
    from scipy.fft import rfft
    from scipy.signal import get_window

    frame_count = len(samples) // mel.hop_sample
    log_mels = np.empty((frame_count, mel.band_count), dtype=np.float32)
    if frame_count == 0:
        return log_mels
    overhang = mel.window_sample - mel.hop_sample
    padded = np.pad(samples.astype(np.float32, copy=False), (overhang // 2, overhang - overhang // 2), mode="reflect")
    window = get_window("hann", mel.window_sample, fftbins=True).astype(np.float32)
    weights = make_mel_filterbank(mel).T
    frames = np.lib.stride_tricks.sliding_window_view(padded, mel.window_sample)[:: mel.hop_sample]
    for first in range(0, frame_count, _BLOCK_FRAMES):
        last = min(first + _BLOCK_FRAMES, frame_count)
        magnitude = np.abs(rfft(frames[first:last] * window, axis=1))
        log_mels[first:last] = np.log(np.maximum(magnitude @ weights, mel.floor))
    return log_mels
