"""Where a note's partials lie in the log-mel: physics tells it, so that few recordings need not teach it."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from dp.config import MelConfig
from dp.models.envelope import PAIRS_AT_ONCE, find_sounding_pairs
from dp.types import PITCH_COUNT
from dp.units import pitch_to_hz

PARTIAL_COUNT = 24  # of each note
TAIL_FRAME = 24  # partials ring on, falling to nothing, for so long
QUIET = 1e-3  # of a partial: below it a band counts as silent


def compute_partial_spectra(mel: MelConfig, filterbank: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Compute mel spectra [PITCH_COUNT + 1, M] of notes with partials 1 / n; the last row, for padding, is silent.

    Args:
        mel: the log-mel.
        filterbank: its filters [M, window / 2 + 1].
    """
    bin_hz = np.arange(filterbank.shape[1]) * mel.sample_rate_hz / mel.window_sample
    width_hz = 2.0 * mel.sample_rate_hz / mel.window_sample  # half a Hann window's main lobe
    spectra = np.zeros((PITCH_COUNT + 1, mel.band_count), dtype=np.float32)
    for pitch in range(PITCH_COUNT):
        partial_hz = pitch_to_hz(pitch) * np.arange(1, PARTIAL_COUNT + 1)
        lobes = np.maximum(1.0 - np.abs(bin_hz[None] - partial_hz[:, None]) / width_hz, 0.0)
        spectra[pitch] = filterbank @ (lobes / np.arange(1, PARTIAL_COUNT + 1)[:, None]).sum(axis=0)
    return spectra / spectra.max()


class Partials(nn.Module):
    """Log of the summed partials of the notes that sound in each frame, as an input beside the mixed notes."""

    spectrum: Tensor

    def __init__(self, band_count: int) -> None:
        super().__init__()
        self.register_buffer("spectrum", torch.zeros(PITCH_COUNT + 1, band_count))

    def set_spectrum(self, spectrum: npt.NDArray[np.float32]) -> None:
        """Take the spectra [PITCH_COUNT + 1, M] of `compute_partial_spectra`."""
        self.spectrum.copy_(torch.from_numpy(spectrum))

    def forward(self, pitch: Tensor, onset_frame: Tensor, duration_frame: Tensor, frame_count: int) -> Tensor:
        """Return [B, T, M] for notes [B, N]: 0 in silence and about 1 at a loud fundamental."""
        note, frame = find_sounding_pairs(onset_frame, duration_frame, frame_count, TAIL_FRAME)
        end_frame, pitch_of_note = (onset_frame + duration_frame).reshape(-1), pitch.reshape(-1)
        total = self.spectrum.new_zeros(pitch.shape[0] * frame_count, self.spectrum.shape[1])
        for first in range(0, len(note), PAIRS_AT_ONCE):
            n, t = note[first : first + PAIRS_AT_ONCE], frame[first : first + PAIRS_AT_ONCE]
            past = t % frame_count - end_frame[n] + 1  # frames past the last one
            weight = 1.0 - past.clamp(min=0).to(self.spectrum.dtype) / (TAIL_FRAME + 1)
            total = total.index_add(0, t, self.spectrum[pitch_of_note[n]] * weight[:, None])
        silent = torch.log(torch.tensor(QUIET))
        return (1.0 - torch.log(total + QUIET) / silent).view(pitch.shape[0], frame_count, -1)
