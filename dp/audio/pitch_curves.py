"""Track the pitch of every note of a recording whose notes are known: intonation, vibrato, glides.

`dp.audio.harmonic_sums` finds it, in chords too. Where one note sounds alone, librosa's YIN (de Cheveigné and Kawahara,
2002) is asked as well: where the two disagree, confidence is low.

Letters: N notes, T frames of a note, C candidates, H harmonics.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter1d

from dp.audio.harmonic_sums import (
    PITCH_HOP_SAMPLE,
    PITCH_SAMPLE_RATE_HZ,
    REACH_CENT,
    choose_window_sample,
    compute_root_spectra,
    find_constant,
    find_path,
    read_sums,
    sum_harmonics,
    weigh_harmonics,
)
from dp.types import PITCH_FRAME_RATE_HZ, PitchCurve, Samples
from dp.units import FloatArray, IntArray, pitch_to_hz

F32 = npt.NDArray[np.float32]

# All values below are own choices; tests hold the errors that come of them.
SHORTEST_SEC = 0.05  # of shorter notes there is no curve, but one pitch
_SHORT_CONFIDENCE = 0.2  # at most, of theirs
_RING_FRAME = 6  # how long a note is reckoned with after its end
_BLOCK_FRAME = 1024  # computed at once
_TUNING_NOTE_COUNT, _TUNING_SEC = 200, 0.15  # the longest notes tell the tuning; those that last so long at least
_SMOOTH_FRAME = 9  # 72 ms, in which noise wanders and vibrato hardly does
_NOISE_PROMINENCE, _TONE_PROMINENCE = 0.25, 0.6  # where confidence is 0 and 1: see `_rate_prominence`
_EDGE_CENT = 12.0  # within which of the edge of the range confidence falls to 0
_AGREED_CENT, _APART_CENT = 15.0, 50.0  # of the two trackers: confidence holds, and is 0
_YIN_SHORTEST_SAMPLE, _YIN_PERIOD_COUNT = 512, 3  # frames of YIN: powers of two, of so many periods at least
_YIN_TOP_PITCH = 88  # above, its parabola misses by 10 to 20 cents, a period being so few samples


@dataclass(frozen=True)
class _Notes:
    """Notes as they are looked for."""

    pitch: IntArray  # [N]
    begin_frame: IntArray  # [N] inside the recording
    end_frame: IntArray  # [N] one past the last, > begin_frame


def track_pitch(
    samples: Samples, pitch: IntArray, onset_sec: FloatArray, offset_sec: FloatArray, tuning_cent: float = 0.0
) -> tuple[PitchCurve, ...]:
    """Track the pitch of every note. Memory does not grow with the length of the recording.

    Args:
        samples: [L] mono at PITCH_SAMPLE_RATE_HZ, at any level.
        pitch: [N] MIDI pitches.
        onset_sec: [N] in any order.
        offset_sec: [N] a note of the same pitch that begins earlier ends it.
        tuning_cent: roughly how far the recording is tuned from A = 440 Hz; its notes then tell the tuning, and are
            looked for within REACH_CENT of it.

    Returns:
        N curves, of a frame or more each, in the order of the notes.
    """
    notes = _place_notes(len(samples), pitch, onset_sec, offset_sec)
    tuning_cent += _find_tuning(samples, notes, tuning_cent)
    curves = dict(_track(samples, notes, np.arange(len(pitch)), tuning_cent))
    return tuple(curves[index] for index in range(len(pitch)))


def _place_notes(sample_count: int, pitch: IntArray, onset_sec: FloatArray, offset_sec: FloatArray) -> _Notes:
    """Place notes on frames of the recording; where one is struck again, it ends before that."""
    frame_count = 1 + sample_count // PITCH_HOP_SAMPLE
    end_sec = offset_sec.astype(np.float64)
    for same in np.unique(pitch):
        index = np.flatnonzero(pitch == same)
        onset = np.sort(onset_sec[index])
        # [n] the next onset of the pitch; what begins sooner than a note can last sounds in unison with it
        following = np.append(onset, np.inf)[np.searchsorted(onset, onset_sec[index] + SHORTEST_SEC)]
        end_sec[index] = np.minimum(end_sec[index], following)
    begin = np.clip(np.floor(onset_sec * PITCH_FRAME_RATE_HZ).astype(np.int64), 0, frame_count - 1)
    end = np.clip(np.ceil(end_sec * PITCH_FRAME_RATE_HZ).astype(np.int64), begin + 1, frame_count)
    return _Notes(pitch, begin, end)


def _find_tuning(samples: Samples, notes: _Notes, tuning_cent: float) -> float:
    """Find how far the recording is tuned from `tuning_cent`: the median of its long notes' medians; 0 without any."""
    length_frame = notes.end_frame - notes.begin_frame
    longest = np.argsort(-length_frame, kind="stable")[:_TUNING_NOTE_COUNT]
    chosen = np.sort(longest[length_frame[longest] >= _TUNING_SEC * PITCH_FRAME_RATE_HZ])
    medians = [float(np.median(curve.cent)) for _, curve in _track(samples, notes, chosen, tuning_cent)]
    return float(np.median(medians)) - tuning_cent if medians else 0.0


def _track(samples: Samples, notes: _Notes, chosen: IntArray, tuning_cent: float) -> Iterator[tuple[int, PitchCurve]]:
    """Yield the curves of chosen notes [n], each with its index, as they end."""
    hz = pitch_to_hz(notes.pitch, tuning_cent / 100.0)
    heard: dict[int, list[tuple[F32, FloatArray]]] = {}  # of each, [t, C] sums and [t] how many harmonics make them
    last_frame = int(notes.end_frame[chosen].max(initial=0))
    for begin in range(0, last_frame, _BLOCK_FRAME):
        end = min(begin + _BLOCK_FRAME, last_frame)
        spectra: dict[int, F32] = {}
        for index in chosen[(notes.begin_frame[chosen] < end) & (notes.end_frame[chosen] > begin)].tolist():
            window_sample = choose_window_sample(int(notes.pitch[index]))
            if window_sample not in spectra:
                part = _cut_samples(samples, begin, end - begin, window_sample)
                spectra[window_sample] = compute_root_spectra(part, window_sample)
            first, last = max(begin, int(notes.begin_frame[index])), min(end, int(notes.end_frame[index]))
            weight = _weigh(notes, hz, index, first, last)
            sums = sum_harmonics(spectra[window_sample][first - begin : last - begin], float(hz[index]), weight)
            heard.setdefault(index, []).append((sums, 1.0 / np.maximum(np.square(weight).sum(axis=1), 1e-9)))
            if notes.end_frame[index] <= end:
                sums, harmonic_count = map(np.concatenate, zip(*heard.pop(index), strict=True))
                yield index, _make_curve(samples, notes, index, sums, harmonic_count, tuning_cent)


def _cut_samples(samples: Samples, first_frame: int, frame_count: int, window_sample: int) -> F32:
    """Cut the samples of frames, whose windows may reach out of the recording: there is silence."""
    begin = first_frame * PITCH_HOP_SAMPLE - window_sample // 2
    end = begin + (frame_count - 1) * PITCH_HOP_SAMPLE + window_sample
    out = np.zeros(end - begin, np.float32)
    inside = samples[max(begin, 0) : end]
    out[max(-begin, 0) : max(-begin, 0) + len(inside)] = inside
    return out


def _find_others(notes: _Notes, index: int, first: int, last: int) -> IntArray:
    """Find the notes of other pitches that sound, or ring on, between two frames."""
    sounding = (notes.begin_frame < last) & (notes.end_frame + _RING_FRAME > first)
    return np.flatnonzero(sounding & (notes.pitch != notes.pitch[index]))


def _weigh(notes: _Notes, hz: FloatArray, index: int, first: int, last: int) -> FloatArray:
    other = _find_others(notes, index, first, last)
    begin, end = notes.begin_frame[other] - first, notes.end_frame[other] + _RING_FRAME - first
    return weigh_harmonics(float(hz[index]), last - first, hz[other], begin, end)


def _make_curve(
    samples: Samples, notes: _Notes, index: int, sums: F32, harmonic_count: FloatArray, tuning_cent: float
) -> PitchCurve:
    """Make the curve of a note.

    Args:
        samples: [L] of the recording.
        notes: all notes.
        index: which of them.
        sums: [T, C] of its harmonics.
        harmonic_count: [T] how many these are, those that count less in part.
        tuning_cent: what its candidates count from.
    """
    if len(sums) < SHORTEST_SEC * PITCH_FRAME_RATE_HZ:
        path = np.full(len(sums), find_constant(sums))
        agreement = np.full(len(sums), _SHORT_CONFIDENCE)
    else:
        path = find_path(sums)
        agreement = _rate_agreement(samples, notes, index, path, tuning_cent)
    from_edge = np.clip((REACH_CENT - np.abs(path)) / _EDGE_CENT, 0.0, 1.0)
    confidence = _rate_prominence(sums, harmonic_count, path) * from_edge * agreement
    cent = path + tuning_cent
    return PitchCurve(int(notes.begin_frame[index]), cent.astype(np.float32), confidence.astype(np.float32))


def _rate_prominence(sums: F32, harmonic_count: FloatArray, path: FloatArray) -> FloatArray:
    """Rate how the sums [T, C] along a path [T] stand out of the others, [T] 0 to 1.

    In noise, sums of n harmonics [T] differ by the square root of 1/n, and any path follows the highest; but a
    smoother one does not, and along that of a tone the sums are high all the same.
    """
    smooth = uniform_filter1d(path, _SMOOTH_FRAME, mode="nearest")
    contrast = read_sums(sums, smooth) / np.maximum(sums.mean(axis=1), 1e-9) - 1.0
    prominence = uniform_filter1d(contrast * np.sqrt(harmonic_count), _SMOOTH_FRAME, mode="nearest")
    return np.clip((prominence - _NOISE_PROMINENCE) / (_TONE_PROMINENCE - _NOISE_PROMINENCE), 0.0, 1.0)


def _rate_agreement(samples: Samples, notes: _Notes, index: int, path: FloatArray, tuning_cent: float) -> FloatArray:
    """Rate how a path [T] agrees with YIN, [T] 0 to 1; 1 where others sound too, and for notes too high for YIN."""
    first = int(notes.begin_frame[index])
    alone = np.ones(len(path), bool)
    for other in _find_others(notes, index, first, first + len(path)):
        begin, end = notes.begin_frame[other] - first, notes.end_frame[other] + _RING_FRAME - first
        alone[max(begin, 0) : max(end, 0)] = False
    frame = np.flatnonzero(alone)
    agreement = np.ones(len(path))
    if notes.pitch[index] <= _YIN_TOP_PITCH and len(frame):
        begin, end = int(frame[0]), int(frame[-1]) + 1
        hz = float(pitch_to_hz(notes.pitch[index], tuning_cent / 100.0))
        apart_cent = np.abs(path[begin:end] - _run_yin(samples, hz, first + begin, end - begin))
        rated = np.clip((_APART_CENT - apart_cent) / (_APART_CENT - _AGREED_CENT), 0.0, 1.0)
        agreement[begin:end] = np.where(alone[begin:end], rated, 1.0)
    return agreement


def _run_yin(samples: Samples, hz: float, first_frame: int, frame_count: int) -> FloatArray:
    """Find the pitch of frames by YIN, [frame_count] cents from `hz`."""
    import librosa

    period_sample = _YIN_PERIOD_COUNT * PITCH_SAMPLE_RATE_HZ / hz
    frame_sample = max(_YIN_SHORTEST_SAMPLE, 1 << int(np.ceil(np.log2(period_sample))))
    reach = 2.0 ** ((REACH_CENT + _APART_CENT) / 1200.0)
    found = librosa.yin(
        _cut_samples(samples, first_frame, frame_count, frame_sample),
        fmin=hz / reach,
        fmax=hz * reach,
        sr=PITCH_SAMPLE_RATE_HZ,
        frame_length=frame_sample,
        hop_length=PITCH_HOP_SAMPLE,
        center=False,
    )
    return 1200.0 * np.log2(found / hz)
