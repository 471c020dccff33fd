"""The whole way from samples and notes to an alignment."""

import numpy as np

from dp.align import ALIGN_SAMPLE_RATE_HZ as SAMPLE_RATE_HZ
from dp.align.coarse import coarse_align, steady_timing
from dp.align.features import HOP_SAMPLE as COARSE_HOP_SAMPLE
from dp.align.features import audio_features
from dp.align.offsets import mapped_offsets
from dp.align.onset_net import packaged_net
from dp.align.onset_patches import HOP_SAMPLE
from dp.align.plan import plan_score
from dp.align.quality import note_confidence, onset_evidence, onset_fit, warping_fit
from dp.align.refine import refine_onsets
from dp.align.spectrum import F32, at_level
from dp.align.tuning import estimate_tuning
from dp.config import AlignConfig
from dp.errors import DataError
from dp.types import Alignment, PerformedNotes, ScoreNotes, WarpingPath

_COARSE_FRAME_SEC = COARSE_HOP_SAMPLE / SAMPLE_RATE_HZ
_FINE_FRAME_SEC = HOP_SAMPLE / SAMPLE_RATE_HZ
_SILENT_PEAK = 1e-4  # 80 dB below full scale


def align_notes(samples: F32, notes: ScoreNotes, config: AlignConfig, subject: str) -> Alignment:
    """See dp.align.align."""
    check_input(samples, notes, subject)
    samples = at_level(samples)
    plan = plan_score(notes)
    tuning = estimate_tuning(samples, SAMPLE_RATE_HZ)
    audio = audio_features(samples, SAMPLE_RATE_HZ, tuning)
    steady = steady_timing(samples, SAMPLE_RATE_HZ, plan)
    coarse = coarse_align(audio, steady, plan, _COARSE_FRAME_SEC)
    refined = refine_onsets(
        samples, SAMPLE_RATE_HZ, plan, coarse.event_sec, tuning, coarse.shift_semitone, packaged_net()
    )
    evidence = onset_evidence(plan, refined, coarse.event_sec, _FINE_FRAME_SEC)
    fit = warping_fit(audio, steady, plan, coarse.shift_semitone, _COARSE_FRAME_SEC) * onset_fit(evidence)
    onset_sec = np.clip(refined.onset_sec, 0.0, len(samples) / SAMPLE_RATE_HZ - _FINE_FRAME_SEC)
    performed = PerformedNotes(
        pitch=notes.pitch,
        velocity=notes.velocity,
        onset_sec=onset_sec,
        offset_sec=mapped_offsets(plan, refined.event_sec, onset_sec, coarse.end_sec),
        confidence=note_confidence(evidence, fit),
    )
    accepted = fit >= config.min_score_fit
    return Alignment(
        performed=performed,
        path=WarpingPath(plan.event_quarter + plan.first_quarter, refined.event_sec),
        tuning_cent=100.0 * (tuning + coarse.shift_semitone),
        accepted=accepted,
        reason=""
        if accepted
        else f"the score does not fit the recording: fit {fit:.2f}, needed {config.min_score_fit:.2f}",
        score_fit=fit,
    )


def check_input(samples: F32, notes: ScoreNotes, subject: str) -> None:
    """Refuse what cannot be aligned.

    Raises:
        DataError: no notes; samples that are not finite, silent, or too few for so many notes.
    """
    if len(notes) == 0:
        raise DataError(subject, "the score has 0 notes", "give a score with notes")
    if len(samples) == 0:
        raise DataError(subject, "the recording has 0 samples", "give a recording, or check start and end")
    if not np.isfinite(samples).all():
        raise DataError(
            subject, f"{int((~np.isfinite(samples)).sum())} samples are not finite", "repair the audio file"
        )
    peak = float(np.abs(samples).max())
    if peak < _SILENT_PEAK:
        raise DataError(
            subject, f"the recording is silent: peak {peak:.1e}, needed {_SILENT_PEAK:.0e}", "check the file"
        )
    event_count = len(np.unique(notes.onset_quarter))
    needed_sec = 2 * event_count * HOP_SAMPLE / SAMPLE_RATE_HZ  # twice: grace notes may double the events
    duration_sec = len(samples) / SAMPLE_RATE_HZ
    if duration_sec < needed_sec:
        raise DataError(
            subject,
            f"the recording lasts {duration_sec:.2f} s, but the score has {event_count} onsets, "
            f"which need at least {needed_sec:.2f} s",
            "check that score and recording belong together",
        )
