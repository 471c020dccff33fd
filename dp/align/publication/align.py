"""Align by the publication's own method, to reproduce its alignments and to compare.

The score is synthesized at the one tempo that makes it as long as the recording, constant-Q spectrograms of both are
warped onto each other as wholes, and every note's start and end are read off the path, on a grid of 32 ms. Details
that the publication leaves open are those of the dataset's own scripts (github.com/salu133445/bach-violin-dataset) or,
failing that, those that meet the published alignments best. N notes, T frames, P points of the path.
"""

from dataclasses import dataclass

import numpy as np

from dp.align import ALIGN_SAMPLE_RATE_HZ
from dp.align.coarse.align import make_steady_timing
from dp.align.coarse.features import HOP_SAMPLE as FIT_HOP_SAMPLE
from dp.align.coarse.features import compute_audio_features
from dp.align.pipeline import check_input
from dp.align.publication.fluidsynth import synthesize
from dp.align.publication.plain_dtw import check_memory, find_plain_path
from dp.align.quality import judge_warping
from dp.align.score_events import plan_score
from dp.align.spectrum import F32, make_sound
from dp.align.tuning import estimate_tuning
from dp.config import AlignConfig
from dp.types import Alignment, PerformedNotes, ScoreNotes, WarpingPath
from dp.units import FloatArray, IntArray, compute_frame_rate_hz, frame_to_sec, quarter_to_tick, sample_to_sec

SAMPLE_RATE_HZ = 16000  # of the dataset: with its hop the published grid of 32 ms (docs/real_recordings.md)
# The values below are those of the dataset's script (github.com/salu133445/bach-violin-dataset, src/align_scores.py).
HOP_SAMPLE = 512
FRAME_RATE_HZ = compute_frame_rate_hz(SAMPLE_RATE_HZ, HOP_SAMPLE)
MIN_NOTE_SEC = HOP_SAMPLE / SAMPLE_RATE_HZ  # own choice, one frame: the path may give a note none at all
_LOW_PITCH, _OCTAVES, _BINS_PER_OCTAVE = 48, 5, 36  # from C3 up, three bins a semitone


@dataclass(frozen=True)
class PathTimes:
    """Notes as the path has them: what the dataset publishes. A note may begin and end at the same time."""

    onset_sec: FloatArray  # [N]
    offset_sec: FloatArray  # [N] most often, but not always, at least the onset


def align_publication(samples: F32, notes: ScoreNotes, config: AlignConfig, subject: str) -> Alignment:
    """Find when each note of a score sounds, by the publication's method; arguments as in `dp.align.align`.

    Notes are as in `read_path_times`, but last at least MIN_NOTE_SEC and end with the recording. `score_fit` is the
    part of our own method's that does not look at onsets, `judge_warping`: it judges score and recording, not this
    alignment.
    The method says nothing about single notes, so every note's confidence is that fit. `tuning_cent` is measured, but
    the method does not use it: a recording that is tuned a semitone low needs a score that is transposed.
    """
    check_input(samples, notes, subject)
    # [N] as the path has them, brought inside the recording
    times = read_path_times(samples, notes, config.program, subject)
    fit, tuning = _fit(samples, notes)
    last_sec = max(sample_to_sec(len(samples), ALIGN_SAMPLE_RATE_HZ) - MIN_NOTE_SEC, 0.0)
    onset_sec = np.minimum(times.onset_sec, last_sec)
    performed = PerformedNotes(
        pitch=notes.pitch,
        velocity=notes.velocity,
        onset_sec=onset_sec,
        offset_sec=np.maximum(times.offset_sec, onset_sec + MIN_NOTE_SEC),
        confidence=np.full(len(notes), fit),
    )
    # [E] one point of the path for every onset of the score
    event_quarter, first = np.unique(notes.onset_quarter, return_index=True)
    accepted = fit >= config.min_score_fit
    reason = f"the score does not fit the recording: fit {fit:.2f}, needed {config.min_score_fit:.2f}"
    return Alignment(
        performed=performed,
        path=WarpingPath(event_quarter, onset_sec[first]),
        tuning_cent=100.0 * tuning,
        accepted=accepted,
        reason="" if accepted else reason,
        score_fit=fit,
        notes=notes,
        score_index=np.arange(len(notes), dtype=np.int64),
    )


def read_path_times(samples: F32, notes: ScoreNotes, program: int, subject: str) -> PathTimes:
    """Find when the publication's aligner has each note sound, unchanged.

    Args:
        samples: [L] mono at ALIGN_SAMPLE_RATE_HZ.
        notes: the score's N notes; their times are rounded to 24 ticks per quarter.
        program: General MIDI program that plays the score, counted from 0.
        subject: the recording's name, for errors.

    Raises:
        DataError: the recording is too long for this machine's memory, or the score cannot be synthesized.
    """
    import soxr

    sound = soxr.resample(samples, ALIGN_SAMPLE_RATE_HZ, SAMPLE_RATE_HZ)
    frame_count = 1 + len(sound) // HOP_SAMPLE
    check_memory(frame_count, frame_count, subject)
    onset_tick = quarter_to_tick(notes.onset_quarter)
    offset_tick = np.maximum(quarter_to_tick(notes.onset_quarter + notes.duration_quarter), onset_tick)
    played = synthesize(onset_tick, offset_tick, notes.pitch, program, len(sound), SAMPLE_RATE_HZ)
    path = find_plain_path(compute_constant_q(sound), compute_constant_q(played))
    return find_times_on_path(path, onset_tick, offset_tick, frame_count)


def compute_constant_q(samples: F32) -> F32:
    """Compute the constant-Q spectrogram of samples [L] in dB below the loudest, at most 80.

    Returns:
        [T, 180], three bins a semitone, five octaves from C3 up; T = 1 + L // HOP_SAMPLE.
    """
    import librosa

    spectrum = librosa.cqt(
        samples,
        sr=SAMPLE_RATE_HZ,
        hop_length=HOP_SAMPLE,
        fmin=librosa.midi_to_hz(_LOW_PITCH),
        n_bins=_OCTAVES * _BINS_PER_OCTAVE,
        bins_per_octave=_BINS_PER_OCTAVE,
        tuning=0.0,
    )
    db = librosa.amplitude_to_db(np.abs(spectrum), ref=np.max)
    return np.ascontiguousarray(db.T, dtype=np.float32)


def find_times_on_path(path: IntArray, onset_tick: IntArray, offset_tick: IntArray, frame_count: int) -> PathTimes:
    """Read notes off a path, as the publication does.

    A note starts at the first point of the path whose frame of the score lies after the note's onset, and ends at the
    last one whose frame lies before the note's offset.

    Args:
        path: [P, 2] frames of the recording and of the score, both non-decreasing.
        onset_tick: [N] on the score.
        offset_tick: [N] on the score; the last one is where the recording ends.
        frame_count: T, frames of the recording, and of the score without what rings on after it.
    """
    frames_per_tick = frame_count / max(int(offset_tick.max()), 1)
    start = np.searchsorted(path[:, 1], onset_tick * frames_per_tick, side="right")
    end = np.searchsorted(path[:, 1], offset_tick * frames_per_tick) - 1
    sec = frame_to_sec(path[:, 0], FRAME_RATE_HZ)
    last = len(path) - 1
    return PathTimes(onset_sec=sec[np.clip(start, 0, last)], offset_sec=sec[np.clip(end, 0, last)])


def _fit(samples: F32, notes: ScoreNotes) -> tuple[float, float]:
    """Judge how well the score fits, 0 to 1, and measure the recording's tuning in semitones; samples [L]."""
    sound, plan = make_sound(samples), plan_score(notes)
    tuning = estimate_tuning(sound, ALIGN_SAMPLE_RATE_HZ)
    heard = compute_audio_features(sound, ALIGN_SAMPLE_RATE_HZ, tuning)
    steady = make_steady_timing(sound, ALIGN_SAMPLE_RATE_HZ, plan)
    hop_sec = sample_to_sec(FIT_HOP_SAMPLE, ALIGN_SAMPLE_RATE_HZ)
    return judge_warping(heard.clear, steady, plan, 0, hop_sec).fit, tuning
