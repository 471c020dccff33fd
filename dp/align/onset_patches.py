"""What a note's onset looks like: seven curves on a 5 ms grid around a given time, the input of the onset filter.

| channel | what |
|---|---|
| 0, 1 | energy at the note's harmonics, through a short and a long window |
| 2 | energy at its first two harmonics, long window |
| 3 | energy at the harmonics of the pitches that sounded just before, long window |
| 4, 5 | energy of everything, and of everything above 4 kHz, short window |
| 6 | spectral flux, short window |

Energies are logarithms of magnitudes minus their mean over the surrounding 0.44 s: loudness, and how far the
harmonics of an instrument lie apart in level, do not matter, only the change. The mean moves with the frame, so a
frame's value does not depend on where the patch begins.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from dp.align.onset_net import CHANNEL_COUNT, CONTEXT_FRAME
from dp.align.spectrum import F32, magnitude_frames
from dp.align.tuning import pitch_to_hz
from dp.units import IntArray

HOP_SAMPLE = 110  # 4.99 ms at 22.05 kHz
SHORT_SAMPLE, LONG_SAMPLE = 1024, 2048
HARMONIC_COUNT = 6
HIGH_HZ = 4000.0
MEAN_FRAME = 44  # the moving mean reaches this far to either side
_FLOOR = 1e-3  # of magnitudes; a full-scale sine has 256 and 512
_FLUX_SCALE, _ENERGY_SCALE = 5.0, 0.5  # bring all channels to about unit size
_BLOCK_FRAME = 3000  # spectra held at once: 15 s
_NOTES_AT_ONCE = 256


@dataclass(frozen=True)
class OnsetQuery:
    """Where to look for which notes; N notes."""

    pitch: IntArray  # [N] as it sounds in the recording
    center_frame: IntArray  # [N] on the 5 ms grid
    previous_pitch: Sequence[tuple[int, ...]]  # [N] what sounded just before


def onset_patches(
    samples: F32, sample_rate_hz: int, query: OnsetQuery, tuning_semitone: float, reach_frame: int
) -> Iterator[tuple[IntArray, F32]]:
    """Yield (indices [n] into the query, patches [n, CHANNEL_COUNT, 2 * (reach_frame + CONTEXT_FRAME) + 1]).

    Every note comes once, in order of time. The onset filter leaves 2 * reach_frame + 1 frames of a patch: the
    centre frame and `reach_frame` to either side.
    """
    half = reach_frame + CONTEXT_FRAME
    order = np.argsort(query.center_frame, kind="stable")
    begin = query.center_frame[order] - half
    at = 0
    while at < len(order):
        first = int(begin[at])
        end = int(np.searchsorted(begin, first + _BLOCK_FRAME, side="right"))
        end = min(end, at + _NOTES_AT_ONCE)
        block = _Block(samples, sample_rate_hz, first, int(begin[end - 1]) + 2 * half + 1 - first, tuning_semitone)
        chosen = order[at:end]
        patches = np.empty((len(chosen), CHANNEL_COUNT, 2 * half + 1), np.float32)
        for row, note in enumerate(chosen):
            part = slice(int(begin[at + row]) - first, int(begin[at + row]) - first + 2 * half + 1)
            block.fill(patches[row], part, int(query.pitch[note]), query.previous_pitch[note])
        yield chosen, patches
        at = end


class _Block:
    """Curves of one stretch of the recording, those of a pitch computed when first asked for."""

    def __init__(self, samples: F32, sample_rate_hz: int, first: int, count: int, tuning_semitone: float) -> None:
        self._rate = sample_rate_hz
        self._tuning = tuning_semitone
        begin, total = first - MEAN_FRAME, count + 2 * MEAN_FRAME
        short = magnitude_frames(samples, begin - 1, total + 1, SHORT_SAMPLE, HOP_SAMPLE)
        self._log_short = np.log(short + _FLOOR)
        self._log_long = np.log(magnitude_frames(samples, begin, total, LONG_SAMPLE, HOP_SAMPLE) + _FLOOR)
        rise = np.maximum(self._log_short[1:] - self._log_short[:-1], 0.0).mean(axis=1)
        self._log_short = self._log_short[1:]
        power = short[1:] ** 2
        high_bin = int(HIGH_HZ * SHORT_SAMPLE / sample_rate_hz)
        self._flux = _FLUX_SCALE * rise[MEAN_FRAME : MEAN_FRAME + count]
        self._all = _curve(0.5 * np.log(power.sum(axis=1) + _FLOOR))
        self._high = _curve(0.5 * np.log(power[:, high_bin:].sum(axis=1) + _FLOOR))
        self._of_pitch: dict[int, tuple[F32, F32, F32]] = {}

    def fill(self, patch: F32, part: slice, pitch: int, previous: tuple[int, ...]) -> None:
        """Write one note's channels [CHANNEL_COUNT, T]."""
        patch[0], patch[1], patch[2] = (curve[part] for curve in self._harmonics(pitch))
        if previous:
            patch[3] = np.mean([self._harmonics(p)[1][part] for p in previous], axis=0)
        else:
            patch[3] = self._all[part]
        patch[4], patch[5], patch[6] = self._all[part], self._high[part], self._flux[part]

    def _harmonics(self, pitch: int) -> tuple[F32, F32, F32]:
        if pitch not in self._of_pitch:
            short, _ = self._energy(self._log_short, SHORT_SAMPLE, pitch)
            long, lowest = self._energy(self._log_long, LONG_SAMPLE, pitch)
            self._of_pitch[pitch] = (_curve(short), _curve(long), _curve(lowest))
        return self._of_pitch[pitch]

    def _energy(self, log_magnitude: F32, window_sample: int, pitch: int) -> tuple[F32, F32]:
        """Weighted mean over the harmonics, and the mean of the first two; [T] each."""
        number = np.arange(1, HARMONIC_COUNT + 1)
        place = np.asarray(pitch_to_hz(pitch, self._tuning)) * number * window_sample / self._rate
        place = place[: max(int((place < window_sample // 2 - 2).sum()), 1)]
        place = np.minimum(place, window_sample // 2 - 2)  # a fundamental above the spectrum: its last bin
        near = np.rint(place).astype(int)
        other = np.where(place > near, near + 1, near - 1)  # the second nearest bin: the louder of the two counts
        level = np.maximum(log_magnitude[:, near], log_magnitude[:, np.maximum(other, 0)])
        weight = (1.0 / np.sqrt(number[: len(place)])).astype(np.float32)
        return (level @ weight) / weight.sum(), level[:, :2].mean(axis=1)


def _curve(level: F32) -> F32:
    """Half the level minus its moving mean; MEAN_FRAME frames shorter at either end."""
    width = 2 * MEAN_FRAME + 1
    total = np.cumsum(np.concatenate([[0.0], level.astype(np.float64)]))
    mean = (total[width:] - total[:-width]) / width
    return (_ENERGY_SCALE * (level[MEAN_FRAME:-MEAN_FRAME] - mean)).astype(np.float32)
