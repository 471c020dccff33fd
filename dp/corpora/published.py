"""Read performances from the alignments that the Bach Violin Dataset publishes, its recordings at hand or not."""

from dataclasses import dataclass

import numpy as np

from dp.corpora.bach_violin import PublishedAlignment, PublishedNotes, read_alignment, read_notes
from dp.corpora.listing import PublishedRecording
from dp.errors import DataError
from dp.types import PerformedNotes, ScoreNotes
from dp.units import FloatArray, IntArray, quarter_to_tick

GRID_SEC = 0.032  # the alignments' step: 512 samples at 16 kHz


@dataclass(frozen=True)
class MatchedAlignment:
    """A published alignment on the notes of its score; M notes, in the score's order."""

    note_id: IntArray  # [M] which note of the score each of them is
    onset_quarter: FloatArray  # [M] as written
    performed: PerformedNotes
    repaired_count: int  # notes of no length, or at the time of an earlier score position
    left_out_count: int  # notes of the score that were not aligned: its grace notes


def read_published_alignment(source: PublishedRecording, notes: ScoreNotes) -> MatchedAlignment:
    """Read a published alignment.

    An end names the last step of the grid in which a note sounds (in 96 % of the notes that of the next onset, less
    one), so it is taken to last until that step is over; then no note is left without length. Score positions that
    share a step are spread over it.

    Args:
        given: which.
        notes: its score, as `dp.score.read_score` reads it.

    Raises:
        DataError: a file is missing or bad, or they do not fit each other or the score.
    """
    published, alignment = read_notes(source.notes_path), read_alignment(source.alignment_path)
    if len(published.pitch) != len(alignment.onset_sec):
        seen = f"has {len(alignment.onset_sec)} rows for {len(published.pitch)} notes"
        raise DataError(source.alignment_path, seen, "copy the dataset again")
    order = np.lexsort((published.pitch, published.onset_tick))
    note_id = _match_notes(source, published, order, notes)
    onset_sec, moved = _spread_onsets(source, published.onset_tick[order], alignment, order)
    empty = alignment.offset_sec[order] <= alignment.onset_sec[order]
    performed = PerformedNotes(
        pitch=notes.pitch[note_id],
        velocity=notes.velocity[note_id],
        onset_sec=onset_sec,
        offset_sec=alignment.offset_sec[order] + GRID_SEC,
        confidence=np.ones(len(note_id)),
    )
    left_out_count = len(notes) - len(note_id)
    return MatchedAlignment(
        note_id, notes.onset_quarter[note_id], performed, int((empty | moved).sum()), left_out_count
    )


def _match_notes(source: PublishedRecording, published: PublishedNotes, order: IntArray, notes: ScoreNotes) -> IntArray:
    """Match the score's notes with those that were published, all but grace notes; return the indices of the former."""
    main = np.flatnonzero(~notes.is_grace)
    main = main[np.lexsort((notes.pitch[main], quarter_to_tick(notes.onset_quarter[main])))]
    ours = np.stack([quarter_to_tick(notes.onset_quarter[main]), notes.pitch[main]])
    if not np.array_equal(ours, np.stack([published.onset_tick[order], published.pitch[order]])):
        raise DataError(
            source.notes_path, f"has other notes than {source.recording.score_path}", "copy the dataset again"
        )
    return main


def _spread_onsets(
    source: PublishedRecording, onset_tick: IntArray, alignment: PublishedAlignment, order: IntArray
) -> tuple[FloatArray, np.ndarray]:
    """Spread onsets [M], in seconds, to rise with the score position; say also which notes [M] were moved for it."""
    ticks, event = np.unique(onset_tick, return_inverse=True)
    published_sec = np.full(len(ticks), np.inf)
    np.minimum.at(published_sec, event, alignment.onset_sec[order])
    if (np.diff(published_sec) < 0).any():
        raise DataError(source.alignment_path, "has notes that sound before earlier ones", "copy the dataset again")
    _, step, count = np.unique(published_sec, return_inverse=True, return_counts=True)
    rank = np.arange(len(ticks)) - np.searchsorted(published_sec, published_sec)
    spread_sec = published_sec + GRID_SEC * rank / count[step]
    return spread_sec[event], (rank > 0)[event]
