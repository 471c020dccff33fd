"""From the coarse alignment to onsets: the onset filter's evidence, one Viterbi over events, then each note on its own.

All times are on the 5 ms grid of dp.align.onset_patches. Letters: N notes, E events, C candidates of a pass.
"""

from dataclasses import dataclass

import numba
import numpy as np

from dp.align.onset_net import OnsetNet, convolve, onset_logits
from dp.align.onset_patches import HOP_SAMPLE, OnsetQuery, onset_patches
from dp.align.plan import ScorePlan
from dp.align.spectrum import F32
from dp.align.tempo import expected_gap_sec
from dp.units import FloatArray, IntArray, frame_rate_hz, frame_to_sec

PASS_REACH_FRAME = (60, 32)  # +-300 ms about the coarse alignment, then +-160 ms about the first pass
TRACK_REACH_FRAME = sum(PASS_REACH_FRAME)  # evidence is measured once, this far to either side
MIN_GAP_FRAME = 3  # between events, where the recording is long enough for that
_GAP_SCALE_FRAME, _GAP_SCALE_SHARE = 3.0, 0.12  # how far a gap may be from the tempo's: frames, and share of the gap
_ANCHOR_PER_FRAME = 0.02  # keeps to the pass before: stops slips by one note in repeated figures
_CHORD_FRAME, _CHORD_SIGMA_FRAME = 8, 1.5  # how far the notes of a chord may lie apart
_DENSITY_FLOOR = 1e-3  # no single note may veto an event
_SINGLE_SCALE, _CHORD_SCALE, _LOOSE_SCALE = 4.0, 12.0, 60.0  # frames: how close a note stays to its event
_FAR_PENALTY = 7.0  # beyond it distance costs no more
_NEIGHBOR_SHARE = 0.55  # a note stays within this share of the way to the neighbouring events
_BLOCKED = 20.0
_PEAK_FRAME = 3  # the onset is the mean over this far to either side of the likeliest frame


@dataclass(frozen=True)
class Refined:
    """Onsets and what spoke for them."""

    onset_sec: FloatArray  # [N]
    event_sec: FloatArray  # [E] increasing
    logits: F32  # [N, 2 * TRACK_REACH_FRAME + 1] of "the note begins here", from the sound alone
    center_frame: IntArray  # [N] the middle one of these frames


def refine_onsets(
    samples: F32,
    sample_rate_hz: int,
    plan: ScorePlan,
    event_sec: FloatArray,
    tuning_semitone: float,
    shift_semitone: int,
    net: OnsetNet,
) -> Refined:
    """Refine coarse event times [E]; samples at LEVEL_RMS, with at least one frame of 5 ms per event."""
    rate_hz = frame_rate_hz(sample_rate_hz, HOP_SAMPLE)
    frame, min_gap = spaced_frames(event_sec * rate_hz, len(samples) // HOP_SAMPLE)
    center = frame[plan.event]
    logits = _evidence(samples, sample_rate_hz, plan, center, tuning_semitone, shift_semitone, net)
    for reach in PASS_REACH_FRAME:
        base = frame
        expected = expected_gap_sec(frame_to_sec(base, rate_hz), plan.event_quarter) * rate_hz
        log_density = _window(logits, base[plan.event] - center, reach)
        gap = np.diff(base, prepend=base[0]).astype(np.float64)
        tolerance = _GAP_SCALE_FRAME + _GAP_SCALE_SHARE * expected
        place = _best_events(_event_evidence(log_density, plan), gap, expected, tolerance, min_gap)
        frame = base + place - reach
    note_frame = base[plan.event] - reach + _settle_notes(log_density, place, frame, plan)
    return Refined(frame_to_sec(note_frame, rate_hz), frame_to_sec(frame, rate_hz), logits, center)


def spaced_frames(event_frame: FloatArray, frame_count: int) -> tuple[IntArray, int]:
    """Whole frames [E] in order, inside the recording and at least a smallest gap apart, and that gap.

    `frame_count` must be at least the number of events.
    """
    count = len(event_frame)
    gap = min(MIN_GAP_FRAME, frame_count // count)
    ramp = gap * np.arange(count)
    frame = np.maximum.accumulate(np.rint(event_frame).astype(np.int64) - ramp) + ramp  # pushes later where too close
    latest = frame_count - 1 - (ramp[-1] - ramp)
    return np.clip(frame, ramp, np.maximum(latest, ramp)), gap


def _evidence(
    samples: F32,
    sample_rate_hz: int,
    plan: ScorePlan,
    center: IntArray,
    tuning_semitone: float,
    shift_semitone: int,
    net: OnsetNet,
) -> F32:
    """Logits [N, 2 * TRACK_REACH_FRAME + 1] around the notes' coarse places."""
    previous = [tuple(p + shift_semitone for p in pitches) for pitches in plan.previous_pitch]
    query = OnsetQuery(plan.pitch + shift_semitone, center, previous)
    logits = np.empty((len(center), 2 * TRACK_REACH_FRAME + 1), np.float32)
    for index, patches in onset_patches(samples, sample_rate_hz, query, tuning_semitone, TRACK_REACH_FRAME):
        logits[index] = onset_logits(net, patches)
    return logits


def _window(logits: F32, moved: IntArray, reach: int) -> F32:
    """Log densities [N, 2 * reach + 1] around places that lie `moved` [N] frames from the tracks' middles."""
    columns = TRACK_REACH_FRAME + moved[:, None] + np.arange(-reach, reach + 1)
    part = np.take_along_axis(logits, columns, axis=1)
    part = part - part.max(axis=1, keepdims=True)
    return part - np.log(np.exp(part).sum(axis=1, keepdims=True))


def _event_evidence(log_density: F32, plan: ScorePlan) -> FloatArray:
    """What the notes of every event say together, [E, C]: log densities blurred by how chords come apart, and added."""
    blur = np.exp(-0.5 * (np.arange(-_CHORD_FRAME, _CHORD_FRAME + 1) / _CHORD_SIGMA_FRAME) ** 2)
    kernel = (blur / blur.sum()).astype(np.float32)[None, None]
    padded = np.pad(np.exp(log_density), ((0, 0), (_CHORD_FRAME, _CHORD_FRAME)))[:, None]
    density = convolve(padded, kernel, np.zeros(1, np.float32), 1)[:, 0]
    evidence = np.zeros((len(plan.event_quarter), log_density.shape[1]))
    np.add.at(evidence, plan.event, np.log(density + _DENSITY_FLOOR))
    evidence /= np.sqrt(plan.event_size)[:, None]
    reach = log_density.shape[1] // 2
    return evidence - _ANCHOR_PER_FRAME * np.abs(np.arange(-reach, reach + 1))


@numba.njit(cache=True)
def _best_events(evidence, gap, expected, tolerance, min_gap):  # type: ignore[no-untyped-def]
    """Viterbi: the candidate [E] of every event, where gaps between events cost by how far they are from expected."""
    event_count, candidate_count = evidence.shape
    score = evidence[0].copy()
    following = np.empty(candidate_count)
    came_from = np.zeros((event_count, candidate_count), np.int16)
    for e in range(1, event_count):
        for j in range(candidate_count):
            best, best_i = -1e30, 0
            for i in range(candidate_count):
                frames = gap[e] + j - i
                if frames < min_gap:
                    break  # later candidates of the event before are closer still
                value = score[i] - abs(frames - expected[e]) / tolerance[e]
                if value > best:
                    best, best_i = value, i
            following[j] = best + evidence[e, j]
            came_from[e, j] = best_i
        score, following = following, score
    place = np.empty(event_count, np.int64)
    place[-1] = np.argmax(score)
    for e in range(event_count - 1, 0, -1):
        place[e - 1] = came_from[e, place[e]]
    return place


def _settle_notes(log_density: F32, place: IntArray, event_frame: IntArray, plan: ScorePlan) -> FloatArray:
    """Fractional candidate [N] of every note: its own evidence, drawn to its event, clear of its neighbours."""
    event = plan.event
    candidates = np.arange(log_density.shape[1])
    scale = np.where(plan.event_size > 1, _CHORD_SCALE, _SINGLE_SCALE)
    scale = np.where(plan.event_loose, _LOOSE_SCALE, scale)[event, None]
    away = np.abs(candidates - place[event, None])
    value = log_density + np.maximum(-away / scale, -_FAR_PENALTY)
    far = 1e3
    gaps = np.diff(event_frame, prepend=event_frame[0] - 9, append=event_frame[-1] + far)
    limit = np.maximum(np.minimum(gaps[:-1], gaps[1:]) * _NEIGHBOR_SHARE, 3.0)[event, None]
    value = value - _BLOCKED * ((away > limit) & ~plan.event_loose[event, None])
    best = value.argmax(axis=1)
    around = np.clip(best[:, None] + np.arange(-_PEAK_FRAME, _PEAK_FRAME + 1), 0, len(candidates) - 1)
    weight = np.exp(np.take_along_axis(value, around, axis=1) - value.max(axis=1, keepdims=True))
    return np.asarray((weight * around).sum(axis=1) / weight.sum(axis=1))
