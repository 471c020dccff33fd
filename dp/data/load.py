"""Notes and clips of a project's feature store, and the timing model's arrays of them; for sound see `load_sound`."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from dp.config import MelConfig, SplitConfig
from dp.data.arrays import (
    Arrays,
    Performance,
    TimingClip,
    build_timing_arrays,
)
from dp.data.clips import Clip, TunedNotes
from dp.data.movements import assign_movements, digest_surroundings
from dp.errors import DataError
from dp.store.clips import find_clip_bounds, make_clip_id
from dp.store.reading import (
    read_alignment_report,
    read_clips,
    read_peaks,
    read_performed_notes,
    read_published_notes,
    read_recordings,
    read_score_notes,
)
from dp.store.rows import PublishedPerformance, StoredPerformance
from dp.store.splits import choose_valid_clips, choose_valid_movements
from dp.types import ScoreNotes
from dp.units import sec_to_frame

HELD_OUT_MOVEMENTS = 0.2  # of those with published alignments: fewer do not tell whether performers can be told apart


def load_clips(data: Path) -> list[Clip]:
    """All clips of the accepted recordings."""
    recordings = {recording.recording_id: recording for recording in read_recordings(data)}
    peaks = read_peaks(data)
    return [
        Clip(
            clip_id=row.clip_id,
            recording_id=row.recording_id,
            instrument=recordings[row.recording_id].instrument,
            performer=row.performer,
            start_frame=row.start_frame,
            end_frame=row.end_frame,
            valid_by_clip=row.valid_by_clip,
            valid_by_recording=row.valid_by_recording,
            peak=peaks[row.clip_id],
            licence=recordings[row.recording_id].licence,
        )
        for row in read_clips(data)
    ]


def load_performances(data: Path) -> list[Performance]:
    """All accepted recordings with their scores."""
    pieces = {recording.recording_id: recording.piece_id for recording in read_recordings(data)}
    scores = read_score_notes(data)
    return [
        Performance(
            recording_id, _order_as_played(recording_id, scores[pieces[recording_id]], played), played.performed
        )
        for recording_id, played in read_performed_notes(data).items()
    ]


def load_tuned_notes(data: Path) -> dict[str, TunedNotes]:
    """Each accepted recording's notes as performed, with its tuning."""
    tuning_cent = {row.recording_id: row.tuning_cent for row in read_alignment_report(data)}
    return {
        recording_id: TunedNotes(played.performed, tuning_cent[recording_id])
        for recording_id, played in read_performed_notes(data).items()
    }


def _order_as_played(recording_id: str, notes: ScoreNotes, played: StoredPerformance) -> ScoreNotes:
    last = int(played.note_id.max(initial=0))
    if last >= len(notes):
        raise DataError(recording_id, f"plays note {last} of a score of {len(notes)}", "align it again")
    return replace(notes.take(played.note_id), onset_quarter=played.onset_quarter)


def load_timing_arrays(data: Path, mel: MelConfig, split: SplitConfig, data_note: str = "") -> Arrays[TimingClip]:
    """Arrays for the timing model: our alignments, and those that the corpus publishes where we have none.

    Of the movements that are known from published alignments some are held out with all who play them, as part of the
    `recording` split; their clips are held out one by one as those of the store are.

    Args:
        data: the project's data folder.
        mel: the log-mel of the store.
        split: how clips and movements are held out.
        data_note: which data these are; goes into the checkpoint.

    Raises:
        DataError: a dataset is missing, damaged or does not fit the others.
    """
    performances, clips = load_all_performances(data, mel, split)
    given = [item.recording_id for item in performances if not item.articulation_known]
    return build_timing_arrays(performances, _hold_out_movements(performances, clips, given, split), mel, data_note)


def load_all_performances(data: Path, mel: MelConfig, split: SplitConfig) -> tuple[list[Performance], list[Clip]]:
    """Every performance that is known, by our alignment or else by a published one, and its clips.

    See `load_timing_arrays`; here no movement is held out beyond what the store does.
    """
    performances, clips = load_performances(data), load_clips(data)
    aligned = {performance.recording_id for performance in performances}
    scores = read_score_notes(data)
    for item in read_published_notes(data):
        if item.recording_id not in aligned:
            notes = _order_as_played(item.recording_id, scores[item.piece_id], item.played)
            performances.append(Performance(item.recording_id, notes, item.played.performed, articulation_known=False))
            clips += _cut_published_clips(item, mel, split)
    return performances, clips


def _cut_published_clips(item: PublishedPerformance, mel: MelConfig, split: SplitConfig) -> list[Clip]:
    frame_count = int(sec_to_frame(item.played.performed.offset_sec.max(), mel.frame_rate_hz))
    spans = find_clip_bounds(frame_count, mel.frame_rate_hz)
    ids = [make_clip_id(item.recording_id, index) for index in range(len(spans))]
    held_out = choose_valid_clips(ids, split.seed, split.valid_fraction)
    return [
        Clip(
            name,
            item.recording_id,
            item.instrument,
            item.performer,
            *span,
            valid_by_clip=name in held_out,
            licence=item.licence,
        )
        for name, span in zip(ids, spans, strict=True)
    ]


def _hold_out_movements(
    performances: Sequence[Performance], clips: Sequence[Clip], given: Collection[str], split: SplitConfig
) -> list[Clip]:
    """The clips, those of the movements that are drawn among the given recordings held out."""
    movement_of = assign_movements({item.recording_id: digest_surroundings(item.notes) for item in performances})
    performer_of = {clip.recording_id: clip.performer for clip in clips}
    players: dict[str, list[str]] = {movement_of[recording_id]: [] for recording_id in given}
    for recording_id, performer in performer_of.items():
        players.get(movement_of[recording_id], []).append(performer)
    chosen = choose_valid_movements(players, split.seed, HELD_OUT_MOVEMENTS if split.valid_fraction > 0.0 else 0.0)
    return [
        replace(clip, valid_by_recording=True) if movement_of[clip.recording_id] in chosen else clip for clip in clips
    ]
