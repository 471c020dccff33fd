"""The whole way from samples and notes to an alignment."""

from collections.abc import Sequence

import numpy as np

from dp.align.coarse.align import Timing, align_coarsely
from dp.align.coarse.features import HOP_SAMPLE as COARSE_HOP_SAMPLE
from dp.align.net_weights import load_packaged_net
from dp.align.offsets.find import find_sounding_offsets
from dp.align.onsets.listener import Listener
from dp.align.onsets.net import ONSET_NET
from dp.align.onsets.patches import HOP_SAMPLE
from dp.align.onsets.refine import refine_onsets
from dp.align.passages import judge_passages
from dp.align.quality import gather_onset_evidence, judge_warping, note_confidence, score_fit
from dp.align.spectrum import ALIGN_SAMPLE_RATE_HZ as SAMPLE_RATE_HZ
from dp.align.spectrum import F32, SILENT_PEAK, bring_to_level, find_peak
from dp.align.structure.locate import find_music
from dp.config import AlignConfig
from dp.errors import DataError
from dp.types import Alignment, PerformedNotes, Repeat, ScoreNotes, WarpingPath

_COARSE_FRAME_SEC = COARSE_HOP_SAMPLE / SAMPLE_RATE_HZ
_FINE_FRAME_SEC = HOP_SAMPLE / SAMPLE_RATE_HZ
MIN_EVENT_SEC = 2 * _FINE_FRAME_SEC  # twice: grace notes may double the events


def align_notes(
    samples: F32, notes: ScoreNotes, config: AlignConfig, subject: str, repeats: Sequence[Repeat] = ()
) -> Alignment:
    """See dp.align.align."""
    check_input(samples, notes, subject)
    # What is played, and where; M notes, E events
    music = find_music(bring_to_level(samples), SAMPLE_RATE_HZ, notes, repeats, MIN_EVENT_SEC)
    notes, plan, heard, shift = music.notes, music.plan, music.heard, music.shift_semitone
    # [E] events to some tens of milliseconds, then [M] onsets to some milliseconds
    coarse = align_coarsely(heard, music.steady, plan, shift, _COARSE_FRAME_SEC)
    net = load_packaged_net(ONSET_NET)
    listener = Listener(music.samples, SAMPLE_RATE_HZ, plan, music.tuning_semitone, shift, net, heard.plain)
    refined = refine_onsets(listener, coarse.event_sec)
    # How well the score fits, and what speaks for every onset [M]
    evidence = gather_onset_evidence(plan, refined, coarse.event_sec, _FINE_FRAME_SEC)
    fit = score_fit(judge_warping(heard.clear, music.steady, plan, shift, _COARSE_FRAME_SEC), evidence)
    # [M] onsets in the recording, and where the sound of each note ends
    onset_sec = np.clip(refined.onset_sec, 0.0, len(music.samples) / SAMPLE_RATE_HZ - _FINE_FRAME_SEC)
    offset_sec = find_sounding_offsets(
        music.samples,
        SAMPLE_RATE_HZ,
        plan,
        onset_sec,
        refined.event_sec,
        coarse.end_sec,
        music.tuning_semitone,
        shift,
    )
    passages = judge_passages(heard.plain, Timing(coarse.event_sec, coarse.end_sec), plan, shift, _COARSE_FRAME_SEC)
    performed = PerformedNotes(
        pitch=notes.pitch,
        velocity=notes.velocity,
        onset_sec=music.start_sec + onset_sec,
        offset_sec=music.start_sec + offset_sec,
        confidence=note_confidence(evidence, fit) * passages,
    )
    accepted = fit >= config.min_score_fit
    return Alignment(
        performed=performed,
        path=WarpingPath(plan.event_quarter + plan.first_quarter, music.start_sec + refined.event_sec),
        tuning_cent=100.0 * (music.tuning_semitone + shift),
        accepted=accepted,
        reason=""
        if accepted
        else f"the score does not fit the recording: fit {fit:.2f}, needed {config.min_score_fit:.2f}",
        score_fit=fit,
        notes=notes,
        score_index=music.score_index,
        structure=music.structure,
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
    peak = find_peak(samples)
    if peak < SILENT_PEAK:
        raise DataError(
            subject, f"the recording is silent: peak {peak:.1e}, needed {SILENT_PEAK:.0e}", "check the file"
        )
    event_count = len(np.unique(notes.onset_quarter))
    needed_sec = MIN_EVENT_SEC * event_count
    duration_sec = len(samples) / SAMPLE_RATE_HZ
    if duration_sec < needed_sec:
        raise DataError(
            subject,
            f"the recording lasts {duration_sec:.2f} s, but the score has {event_count} onsets, "
            f"which need at least {needed_sec:.2f} s",
            "check that score and recording belong together",
        )
