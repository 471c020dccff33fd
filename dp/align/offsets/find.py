"""Find where notes end: by the score, and from the sound."""

import numpy as np

from dp.align.coarse.align import Timing
from dp.align.net_weights import Net, load_packaged_net
from dp.align.offsets.bands import HOP_SAMPLE
from dp.align.offsets.curves import compute_curves, observe, split_batches
from dp.align.offsets.net import OFFSET_NET, end_frames
from dp.align.score_events import MIN_NOTE_SEC, ScorePlan
from dp.types import Samples
from dp.units import FloatArray, IntArray, compute_frame_rate_hz, frame_to_sec

_MIN_LAST_SEC = 0.05  # that the last event lasts at least, so that time goes on after it; own choice
_FRAMES_AT_ONCE = 2048  # of notes' curves: bounds the memory that they take; own choice


def find_sounding_offsets(
    samples: Samples,
    sample_rate_hz: int,
    plan: ScorePlan,
    onset_sec: FloatArray,
    event_sec: FloatArray,
    end_sec: float,
    tuning_semitone: float,
    shift_semitone: int,
) -> FloatArray:
    """Find when the sound of every note ends, [N] seconds: with a piano's pedal down, not when the key is released.

    Each is at least MIN_NOTE_SEC after its onset, and before that at most where its pitch is struck again.

    Args:
        samples: [L] mono, at LEVEL_RMS.
        sample_rate_hz: of the samples.
        plan: the score.
        onset_sec: [N] when its notes begin.
        event_sec: [E] when its events sound.
        end_sec: when its last note would end by the score.
        tuning_semitone: how far the recording is above A = 440 Hz.
        shift_semitone: how far it sounds above the score, tuning apart.
    """
    written_sec = map_offsets(plan, event_sec, onset_sec, end_sec)
    pitch, net = plan.pitch + shift_semitone, load_packaged_net(OFFSET_NET)
    return find_learned_offsets(samples, sample_rate_hz, pitch, onset_sec, written_sec, tuning_semitone, net)


def find_learned_offsets(
    samples: Samples,
    sample_rate_hz: int,
    pitch: IntArray,
    onset_sec: FloatArray,
    written_sec: FloatArray,
    tuning_semitone: float,
    net: Net,
) -> FloatArray:
    """Find when the sound of notes ends, by the net.

    Args:
        samples: [L] mono, at LEVEL_RMS.
        sample_rate_hz: of the samples.
        pitch: [N] as it sounds.
        onset_sec: [N] when notes begin.
        written_sec: [N] when they would end by the score.
        tuning_semitone: how far the recording is above A = 440 Hz.
        net: the offset net.

    Returns:
        [N] seconds, each at least MIN_NOTE_SEC after its onset.
    """
    seen = observe(samples, sample_rate_hz, pitch, onset_sec, written_sec, tuning_semitone)
    frame = np.empty(len(pitch))
    for chosen in split_batches(np.argsort(seen.length, kind="stable"), seen.length, _FRAMES_AT_ONCE):
        frame[chosen] = end_frames(net, compute_curves(seen, chosen), seen.length[chosen])
    rate_hz = compute_frame_rate_hz(sample_rate_hz, HOP_SAMPLE)
    found_sec = frame_to_sec(np.floor(seen.onset) + frame, rate_hz)
    latest_sec = np.minimum(frame_to_sec(seen.following, rate_hz), max(len(samples) / sample_rate_hz, 0.0))
    return np.asarray(np.maximum(np.minimum(found_sec, latest_sec), onset_sec + MIN_NOTE_SEC))


def map_offsets(plan: ScorePlan, event_sec: FloatArray, onset_sec: FloatArray, end_sec: float) -> FloatArray:
    """Map the score's offsets to seconds as its onsets were: [N], each at least MIN_NOTE_SEC after its onset.

    Args:
        plan: the score.
        event_sec: [E] when its events sound.
        onset_sec: [N] when its notes begin.
        end_sec: when its last note ends.
    """
    played = Timing(event_sec, max(end_sec, float(event_sec[-1]) + _MIN_LAST_SEC))
    return np.maximum(played.at(plan, plan.end_quarter), onset_sec + MIN_NOTE_SEC)
