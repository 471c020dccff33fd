"""The marks of a score change its notes by rule: lengths, levels, grace notes, arpeggios and the pedal.

The timing model predicts how long notes are in general; a mark's factor multiplies that length. The sources of the
constants stand in `docs/score-marks.md`.
"""

from dataclasses import replace

import numpy as np

from dp.data.clips import GRACE_SEC
from dp.data.tempo_map import TempoMap
from dp.render.rubato import SAME_QUARTER
from dp.types import Mark, PerformedNotes, ScoreNotes
from dp.units import FloatArray, IntArray

STACCATO, STACCATISSIMO, PORTATO = 0.5, 0.33, 0.67  # factors of a note's length (MuseScore's gate times)
ACCENT_DB, STRONG_ACCENT_DB, SFORZANDO_DB = 3.0, 4.0, 6.0
MEZZO_FORTE = 80.0  # velocity that is 0 dB
LOWEST_DB = -30.0  # below it nothing is heard beside the loudest notes
ARPEGGIO_SEC = 0.06  # from one note of a rolled chord to the next
LARGEST_SHARE = 0.5  # a rolled chord takes at most this share of its shortest note, an appoggiatura of its main note
DOTTED_SHARE = 2 / 3  # an appoggiatura takes at most this share of a dotted main note
ROOM_SHARE = 0.45  # grace notes before the beat take at most this share of the time since the event before


def shape_notes(notes: ScoreNotes, performed: PerformedNotes, tempo_map: TempoMap) -> PerformedNotes:
    """Give notes the lengths and onsets that their marks ask for.

    Args:
        notes: N notes as written.
        performed: the same N notes, played without regard to their marks.
        tempo_map: of the performance.

    Returns:
        The N notes with their marks' effects.
    """
    performed = _articulate(notes, performed, tempo_map)
    performed = _place_grace_notes(notes, performed, tempo_map)
    performed = _roll_chords(notes, performed)
    return _hold_by_pedal(notes, performed, tempo_map)


def compute_level_db(notes: ScoreNotes) -> FloatArray:
    """Compute how much louder than mezzo forte each note is, by its velocity, level and accents.

    Amplitude goes like the square of the velocity, as in General MIDI Level 2 and DLS.

    Returns:
        Levels [N] in decibels; 0 where neither a mark nor a velocity is written.
    """
    written = np.where(notes.velocity > 0, notes.velocity, notes.dynamic)
    level = 40.0 * np.log10(np.where(written > 0, written, MEZZO_FORTE) / MEZZO_FORTE)
    for mark, more_db in (
        (Mark.ACCENT, ACCENT_DB),
        (Mark.STRONG_ACCENT, STRONG_ACCENT_DB),
        (Mark.SFORZANDO, SFORZANDO_DB),
    ):
        level = level + more_db * notes.has(mark)
    return np.asarray(np.maximum(level, LOWEST_DB))


def choose_velocities(notes: ScoreNotes, level: FloatArray) -> IntArray:
    """Choose velocities [N]: the score's own, or else those of the levels [N] where the score has any dynamics."""
    stressed = Mark.ACCENT | Mark.STRONG_ACCENT | Mark.SFORZANDO
    if not (notes.dynamic.any() or notes.has(stressed).any()):
        return notes.velocity
    made = np.clip(np.rint(MEZZO_FORTE * 10 ** (level / 40.0)), 1, 127).astype(np.int64)
    return np.where(notes.velocity > 0, notes.velocity, made)


def _articulate(notes: ScoreNotes, performed: PerformedNotes, tempo_map: TempoMap) -> PerformedNotes:
    short, tenuto = notes.has(Mark.STACCATO), notes.has(Mark.TENUTO)
    slurred = notes.has(Mark.SLURRED)
    factor = np.where(short, np.where(tenuto | slurred, PORTATO, STACCATO), 1.0)
    factor = np.where(notes.has(Mark.STACCATISSIMO), STACCATISSIMO, factor)
    length_sec = (performed.offset_sec - performed.onset_sec) * factor
    # Held to its end, and in a slur into the next note, whatever the model makes of notes without marks.
    full_sec = tempo_map.find_sec(notes.onset_quarter + notes.duration_quarter) - performed.onset_sec
    is_full = (tenuto | slurred) & (factor == 1.0) & ~notes.is_grace
    length_sec = np.where(is_full, np.maximum(length_sec, full_sec), length_sec)
    return replace(performed, offset_sec=performed.onset_sec + length_sec)


def _place_grace_notes(notes: ScoreNotes, performed: PerformedNotes, tempo_map: TempoMap) -> PerformedNotes:
    """Place short grace notes one after the other before the beat; a single one without a slash is an appoggiatura."""
    onset, offset = performed.onset_sec.copy(), performed.offset_sec.copy()
    slashed, grace = notes.has(Mark.SLASHED), notes.is_grace
    keys = np.stack([notes.part, notes.voice], axis=1)
    starts = tempo_map.position_quarter
    for group in _find_grace_groups(notes):
        quarter = notes.onset_quarter[group[0]]
        near = slice(*np.searchsorted(notes.onset_quarter, [quarter - SAME_QUARTER, quarter + SAME_QUARTER]).tolist())
        same_voice = np.arange(near.start, near.stop)[(keys[near] == keys[group[0]]).all(axis=1)]
        main = same_voice[~grace[same_voice]]
        order = notes.grace_order[group]
        if len(main) and order.max() == 1 and not slashed[group[0]]:
            _play_appoggiatura(notes, group, main, tempo_map, onset, offset)
            continue
        beat_sec = float(onset[main].min()) if len(main) else float(tempo_map.find_sec(quarter))
        before = int(np.searchsorted(starts, quarter - SAME_QUARTER)) - 1
        room_sec = ROOM_SHARE * (beat_sec - tempo_map.time_sec[before]) if before >= 0 else GRACE_SEC * order.max()
        step_sec = min(GRACE_SEC, max(float(room_sec), 0.0) / order.max())
        if step_sec <= 0:
            continue
        onset[group] = beat_sec - step_sec * (order.max() - order + 1)
        offset[group] = onset[group] + step_sec
        _shorten_note_before(notes, keys, group, onset, offset)
    return replace(performed, onset_sec=onset, offset_sec=offset)


def _find_grace_groups(notes: ScoreNotes) -> list[IntArray]:
    """Find the groups of grace notes: those of one place and voice, one after the other."""
    grace = np.flatnonzero(notes.is_grace & (notes.grace_order > 0))
    if not len(grace):
        return []
    columns = np.stack([notes.onset_quarter, notes.part, notes.voice], axis=1)[grace]
    return _group_rows(grace, columns)


def _group_rows(index: IntArray, columns: FloatArray) -> list[IntArray]:
    """Group the indices of notes whose rows of columns [N, C] are equal."""
    _, group = np.unique(columns, axis=0, return_inverse=True)
    order = np.argsort(group, kind="stable")
    return np.split(index[order], np.flatnonzero(np.diff(group[order])) + 1)


def _play_appoggiatura(
    notes: ScoreNotes, group: IntArray, main: IntArray, tempo_map: TempoMap, onset: FloatArray, offset: FloatArray
) -> None:
    """Play an appoggiatura on the beat; it takes its printed value from its main note."""
    length_quarter = float(notes.duration_quarter[main].min())
    share = DOTTED_SHARE if _is_dotted(length_quarter) else LARGEST_SHARE
    value_quarter = min(float(notes.value_quarter[group[0]]), share * length_quarter)
    start, quarter = float(onset[main].min()), float(notes.onset_quarter[main[0]])
    beat_sec = float(tempo_map.find_sec(quarter + value_quarter) - tempo_map.find_sec(quarter))
    value_sec = min(beat_sec, share * float((offset[main] - start).min()))
    onset[group], offset[group] = start, start + value_sec
    onset[main] += value_sec
    offset[main] = np.maximum(offset[main], onset[main] + value_sec * (1 - share))


def _is_dotted(quarter: float) -> bool:
    """Return whether a length is one and a half times a power of two."""
    return bool(np.isclose(np.log2(quarter / 1.5) % 1.0, [0.0, 1.0], atol=1e-6).any())


def _shorten_note_before(
    notes: ScoreNotes, keys: IntArray, group: IntArray, onset: FloatArray, offset: FloatArray
) -> None:
    """End the note before in the same voice where the grace notes begin."""
    quarter, first_sec = notes.onset_quarter[group[0]], float(onset[group].min())
    last = int(np.searchsorted(notes.onset_quarter, quarter - SAME_QUARTER))
    before = np.arange(max(last - 64, 0), last)
    ends = notes.onset_quarter[before] + notes.duration_quarter[before]
    own = before[(keys[before] == keys[group[0]]).all(axis=1) & (np.abs(ends - quarter) < SAME_QUARTER)]
    own = own[onset[own] < first_sec]
    offset[own] = np.minimum(offset[own], first_sec)


def _roll_chords(notes: ScoreNotes, performed: PerformedNotes) -> PerformedNotes:
    """Play the notes of a rolled chord one after the other, the first one on the beat."""
    rolled = np.flatnonzero(notes.has(Mark.ARPEGGIO) & ~notes.is_grace)
    if not len(rolled):
        return performed
    onset = performed.onset_sec.copy()
    columns = np.stack([notes.onset_quarter, notes.part], axis=1)[rolled]
    downwards = notes.has(Mark.DOWNWARDS)
    for chord in _group_rows(rolled, columns):
        place = np.argsort(np.argsort(notes.pitch[chord], kind="stable"), kind="stable")
        if downwards[chord].any():
            place = len(chord) - 1 - place
        start_sec = float(onset[chord].mean())
        room_sec = LARGEST_SHARE * float((performed.offset_sec[chord] - start_sec).min())
        step_sec = min(ARPEGGIO_SEC, room_sec / max(len(chord) - 1, 1))
        onset[chord] = start_sec + max(step_sec, 0.0) * place
    return replace(performed, onset_sec=onset)


def _hold_by_pedal(notes: ScoreNotes, performed: PerformedNotes, tempo_map: TempoMap) -> PerformedNotes:
    """Let the notes that the pedal holds ring until it is released."""
    released_quarter = notes.onset_quarter + notes.duration_quarter + notes.ring_quarter
    released_sec = np.where(notes.ring_quarter > 0, tempo_map.find_sec(released_quarter), -np.inf)
    return replace(performed, offset_sec=np.maximum(performed.offset_sec, released_sec))
