"""Go the whole way from samples and notes to an alignment."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from dp.align.coarse.align import CoarseAlignment, Timing, align_coarsely
from dp.align.coarse.features import HOP_SAMPLE as COARSE_HOP_SAMPLE
from dp.align.coarse.features import Frames, RecordingFeatures
from dp.align.doubts import (
    WEAK_LIKELIHOOD,
    Heard,
    describe_doubts,
    find_doubts,
    find_heard_events,
    find_wrong_pitches,
)
from dp.align.net_weights import load_packaged_net
from dp.align.offsets.find import find_sounding_offsets
from dp.align.onsets.listener import Listener
from dp.align.onsets.net import ONSET_NET
from dp.align.onsets.patches import HOP_SAMPLE
from dp.align.onsets.refine import Refined, refine_onsets
from dp.align.passages import judge_passages
from dp.align.quality import (
    HEARD_SHARE,
    Warping,
    compute_note_confidence,
    compute_score_fit,
    find_transposition,
    gather_onset_evidence,
    judge_warping,
)
from dp.align.spectrum import ALIGN_SAMPLE_RATE_HZ as SAMPLE_RATE_HZ
from dp.align.spectrum import SILENT_PEAK, find_peak, iterate_samples, make_sound
from dp.align.structure.locate import Music, find_music
from dp.align.tuning import describe_tuning
from dp.config import AlignConfig
from dp.errors import DataError
from dp.types import Alignment, Doubt, PerformedNotes, Repeat, Samples, ScoreNotes, WarpingPath
from dp.units import FloatArray

_COARSE_FRAME_SEC = COARSE_HOP_SAMPLE / SAMPLE_RATE_HZ  # 20 ms
_FINE_FRAME_SEC = HOP_SAMPLE / SAMPLE_RATE_HZ  # 5 ms
_MUCH_MISSING = 0.05  # of what is heard; own choice
MIN_EVENT_SEC = 2 * _FINE_FRAME_SEC  # each event needs a frame of its own; twice: grace notes may double the events


def align_notes(
    samples: Samples, notes: ScoreNotes, config: AlignConfig, subject: str, repeats: Sequence[Repeat] = ()
) -> Alignment:
    """Find when each note of a score sounds in a recording, by our own method; arguments as in `dp.align.align`.

    Where a repeat seems to be left out though music is missing too, the score is also tried as it is written: a repeat
    that is cut off in the middle is better explained so.
    """
    check_input(samples, notes, subject)
    found = _align_once(samples, notes, config, repeats)
    missing = sum(
        doubt.last_quarter - doubt.first_quarter for doubt in found.alignment.doubts if doubt.kind == "absent"
    )
    if len(found.alignment.notes) < len(notes) and found.fits and missing > _MUCH_MISSING * found.heard_quarter:
        written = _align_once(samples, notes, config, ())
        if written.heard_quarter > (1.0 + _MUCH_MISSING) * found.heard_quarter:
            return written.alignment
    return found.alignment


@dataclass(frozen=True)
class _Found:
    """An alignment, and how much of the score it bears out."""

    alignment: Alignment
    heard_quarter: float
    fits: bool  # what is heard, whatever is missing


def _align_once(samples: Samples, notes: ScoreNotes, config: AlignConfig, repeats: Sequence[Repeat]) -> _Found:
    """Align with the repeats that are played, as far as they may be played otherwise than written."""
    # What is played, and where; M notes, E events
    music, features = find_music(make_sound(samples), SAMPLE_RATE_HZ, notes, repeats, MIN_EVENT_SEC)
    written_quarter = notes.onset_quarter[music.score_index]
    plan, shift = music.plan, music.shift_semitone
    # [E] events to some tens of milliseconds, then [M] onsets to some milliseconds
    coarse = align_coarsely(features, music.steady, plan, shift, _COARSE_FRAME_SEC)
    net = load_packaged_net(ONSET_NET)
    listener = Listener(music.samples, SAMPLE_RATE_HZ, plan, music.tuning_semitone, shift, net, features.plain)
    refined = refine_onsets(listener, coarse.event_sec)
    judgement = _judge(music, features, coarse, refined, written_quarter)
    reason = _find_reason(judgement, config, music, features.clear)
    del features, listener  # before offsets take as much memory
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
    performed = PerformedNotes(
        pitch=music.notes.pitch,
        velocity=music.notes.velocity,
        onset_sec=music.start_sec + onset_sec,
        offset_sec=music.start_sec + offset_sec,
        confidence=judgement.confidence,
    )
    alignment = Alignment(
        performed=performed,
        path=WarpingPath(plan.event_quarter + plan.first_quarter, music.start_sec + refined.event_sec),
        tuning_cent=100.0 * (music.tuning_semitone + shift),
        accepted=not reason,
        reason=reason,
        score_fit=judgement.fit,
        notes=music.notes,
        score_index=music.score_index,
        structure=music.structure,
        doubts=tuple(
            replace(doubt, begin_sec=music.start_sec + doubt.begin_sec, end_sec=music.start_sec + doubt.end_sec)
            for doubt in judgement.doubts
        ),
    )
    heard_quarter = judgement.heard_share * float(plan.end_quarter.max())
    return _Found(alignment, heard_quarter, judgement.fit >= config.min_score_fit)


@dataclass(frozen=True)
class _Judgement:
    """How well a score fits a recording, as a whole and note by note."""

    fit: float  # 0 to 1, of what is heard
    warping: Warping
    heard_share: float  # of the score's length
    confidence: FloatArray  # [M] 0 to 1
    doubts: tuple[Doubt, ...]


def _judge(
    music: Music, features: RecordingFeatures, coarse: CoarseAlignment, refined: Refined, written_quarter: FloatArray
) -> _Judgement:
    """Judge a score and the onsets found; `written_quarter` [M] is where its notes stand in the unfolded score."""
    plan, shift = music.plan, music.shift_semitone
    evidence = gather_onset_evidence(plan, refined, coarse.event_sec, _FINE_FRAME_SEC)
    passages = judge_passages(features.plain, Timing(coarse.event_sec, coarse.end_sec), plan, shift, _COARSE_FRAME_SEC)
    heard = find_heard_events(plan, evidence.likelihood, passages)
    is_heard = heard.event[plan.event]
    warping = judge_warping(features.clear, music.steady, plan, shift, _COARSE_FRAME_SEC)
    fit = compute_score_fit(warping, evidence, is_heard)
    return _Judgement(
        fit=fit,
        warping=warping,
        heard_share=heard.share,
        confidence=compute_note_confidence(evidence, fit, is_heard),
        doubts=_find_doubts(music, features, heard, evidence.likelihood, refined, written_quarter),
    )


def _find_doubts(
    music: Music,
    features: RecordingFeatures,
    heard: Heard,
    likelihood: FloatArray,
    refined: Refined,
    written_quarter: FloatArray,
) -> tuple[Doubt, ...]:
    """Find the bars in doubt, by what begins and by which pitches sound."""
    plan, bands = music.plan, features.clear.bands
    wrong = find_wrong_pitches(bands, plan, refined.onset_sec, music.shift_semitone, _COARSE_FRAME_SEC)
    activity = features.plain.measure_activity()
    weak = likelihood < WEAK_LIKELIHOOD, wrong
    measure, event_sec = music.notes.measure, refined.event_sec
    return find_doubts(plan, heard, weak, measure, written_quarter, event_sec, activity, _COARSE_FRAME_SEC)


def _find_reason(judgement: _Judgement, config: AlignConfig, music: Music, clear: Frames) -> str:
    """Say why a score is not accepted; "" where it is. A `min_score_fit` of 0 accepts anything in tune."""
    min_fit, tuning_cent = config.min_score_fit, 100.0 * (music.tuning_semitone + music.shift_semitone)
    if judgement.fit < min_fit:
        reason = f"the score does not fit the recording: fit {judgement.fit:.2f}, needed {min_fit:.2f}"
        shift = music.shift_semitone
        away = find_transposition(clear, music.steady, music.plan, shift, _COARSE_FRAME_SEC, judgement.warping)
        if away == 0 or away + shift == 0:
            return reason
        return f"{reason}; {describe_tuning(100.0 * (away + shift))}"
    if min_fit > 0.0 and judgement.heard_share < HEARD_SHARE:
        share = f"{100 * judgement.heard_share:.0f} % of the score, needed {100 * HEARD_SHARE:.0f} %"
        absent = describe_doubts([doubt for doubt in judgement.doubts if doubt.kind == "absent"])
        return f"the recording has only {share}; {absent}"
    if abs(tuning_cent) > config.max_tuning_cent:
        return f"{describe_tuning(tuning_cent)}, allowed are {config.max_tuning_cent:.0f} cents from A = 440 Hz"
    return ""


def check_input(samples: Samples, notes: ScoreNotes, subject: str) -> None:
    """Refuse what cannot be aligned.

    Raises:
        DataError: no notes; samples that are not finite, silent, or too few for so many notes.
    """
    if len(notes) == 0:
        raise DataError(subject, "the score has 0 notes", "give a score with notes")
    if len(samples) == 0:
        raise DataError(subject, "the recording has 0 samples", "give a recording, or check start and end")
    broken = sum(int((~np.isfinite(block)).sum()) for block in iterate_samples(samples))
    if broken:
        raise DataError(subject, f"{broken} samples are not finite", "repair the audio file")
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
