"""Metrics of waveforms: how far their magnitude spectra are apart."""

import numpy as np
import numpy.typing as npt

# Of the three transforms; a Hann window of all of it, a hop of a quarter: 32, 64 and 128 ms at 16 kHz.
FFT_SAMPLES = (512, 1024, 2048)
MAGNITUDE_FLOOR = 10**-3.5  # below it levels are not told apart; the floor of 1e-7 in power of Parallel WaveGAN's code


def compute_stft_distance(predicted: npt.ArrayLike, true: npt.ArrayLike) -> float:
    """Compute the multi-resolution STFT distance of two waveforms (Yamamoto et al., ICASSP 2020, equations 3 to 6).

    The mean over FFT_SAMPLES of spectral convergence, |true - predicted| / |true| in the Frobenius norm of the
    magnitudes, and mean absolute difference of their natural logarithms.

    Args:
        predicted: [L], at least as long as the longest transform.
        true: [L].

    Returns:
        0 for equal magnitudes; NaN where the true waveform is silent.
    """
    left, right = np.asarray(predicted, dtype=np.float64), np.asarray(true, dtype=np.float64)
    return float(
        np.mean(
            [_compute_distance(_compute_magnitude(left, size), _compute_magnitude(right, size)) for size in FFT_SAMPLES]
        )
    )


def _compute_magnitude(samples: npt.NDArray[np.float64], size: int) -> npt.NDArray[np.float64]:
    window = np.hanning(size + 1)[:-1]
    frames = np.lib.stride_tricks.sliding_window_view(samples, size)[:: size // 4]
    return np.maximum(np.abs(np.fft.rfft(frames * window, axis=1)), MAGNITUDE_FLOOR)


def _compute_distance(predicted: npt.NDArray[np.float64], true: npt.NDArray[np.float64]) -> float:
    if np.all(true == MAGNITUDE_FLOOR):
        return float("nan")
    convergence = np.linalg.norm(true - predicted) / np.linalg.norm(true)
    return float(convergence + np.mean(np.abs(np.log(predicted) - np.log(true))))
