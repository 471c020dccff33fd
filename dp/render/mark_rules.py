"""What the marks of a score do to its notes, by rule: lengths, levels, grace notes, arpeggios and the pedal.

The timing model says how a player shapes notes in general; a mark's factor is multiplied with that. Constants and their
sources: `docs/score-marks.md`.
"""

from dataclasses import replace

import numpy as np

from dp.data.clips import GRACE_SEC
from dp.data.tempo_map import TempoMap
from dp.types import Mark, PerformedNotes, ScoreNotes
from dp.units import FloatArray, IntArray

STACCATO, STACCATISSIMO, PORTATO = 0.5, 0.33, 0.67  # share of the length (MuseScore's gate times)
ACCENT_DB, STRONG_ACCENT_DB, SFORZANDO_DB = 3.0, 4.0, 6.0
MEZZO_FORTE = 80.0  # velocity that is 0 dB
LOWEST_DB = -30.0  # below it nothing is heard beside the loudest notes
ARPEGGIO_SEC = 0.06  # from one note of a rolled chord to the next
LARGEST_SHARE = 0.5  # of its chord's shortest note that a rolled chord takes, of its main note that an appoggiatura
DOTTED_SHARE = 2 / 3  # takes; of a dotted one
ROOM_SHARE = 0.45  # of the time since the event before, that grace notes take before the beat
SAME_QUARTER = 1e-6


def shaped(notes: ScoreNotes, performed: PerformedNotes, tempo_map: TempoMap) -> PerformedNotes:
    """Notes with the lengths and the places that their marks ask for.

    Args:
        notes: N notes as written.
        performed: the same N notes, played without regard to their marks.
        tempo_map: of the performance.
    """
    performed = _articulated(notes, performed, tempo_map)
    performed = _with_grace_notes(notes, performed, tempo_map)
    performed = _rolled(notes, performed)
    return _pedalled(notes, performed, tempo_map)


def level_db(notes: ScoreNotes) -> FloatArray:
    """How much louder than mezzo forte each note [N] is to be; 0 where neither a mark nor a velocity says anything.

    Square law: amplitude goes like the square of the velocity, as in General MIDI Level 2 and DLS.
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


def velocities(notes: ScoreNotes, level: FloatArray) -> IntArray:
    """Velocities [N]: the score's own; else of the level, where the score says anything about loudness at all."""
    stressed = Mark.ACCENT | Mark.STRONG_ACCENT | Mark.SFORZANDO
    if not (notes.dynamic.any() or notes.has(stressed).any()):
        return notes.velocity
    made = np.clip(np.rint(MEZZO_FORTE * 10 ** (level / 40.0)), 1, 127).astype(np.int64)
    return np.where(notes.velocity > 0, notes.velocity, made)


def _articulated(notes: ScoreNotes, performed: PerformedNotes, tempo_map: TempoMap) -> PerformedNotes:
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


def _with_grace_notes(notes: ScoreNotes, performed: PerformedNotes, tempo_map: TempoMap) -> PerformedNotes:
    """Grace notes one after the other: short ones before the beat, a single one without a slash as an appoggiatura."""
    onset, offset = performed.onset_sec.copy(), performed.offset_sec.copy()
    slashed, grace = notes.has(Mark.SLASHED), notes.is_grace
    keys = np.stack([notes.part, notes.voice], axis=1)
    starts = tempo_map.position_quarter
    for group in _grace_groups(notes):
        quarter = notes.onset_quarter[group[0]]
        near = slice(*np.searchsorted(notes.onset_quarter, [quarter - SAME_QUARTER, quarter + SAME_QUARTER]).tolist())
        same_voice = np.arange(near.start, near.stop)[(keys[near] == keys[group[0]]).all(axis=1)]
        main = same_voice[~grace[same_voice]]
        order = notes.grace_order[group]
        if len(main) and order.max() == 1 and not slashed[group[0]]:
            _lean(notes, group, main, tempo_map, onset, offset)
            continue
        beat_sec = float(onset[main].min()) if len(main) else float(tempo_map.find_sec(quarter))
        before = int(np.searchsorted(starts, quarter - SAME_QUARTER)) - 1
        room_sec = ROOM_SHARE * (beat_sec - tempo_map.time_sec[before]) if before >= 0 else GRACE_SEC * order.max()
        step_sec = min(GRACE_SEC, max(float(room_sec), 0.0) / order.max())
        if step_sec <= 0:
            continue
        onset[group] = beat_sec - step_sec * (order.max() - order + 1)
        offset[group] = onset[group] + step_sec
        _give_way(notes, keys, group, onset, offset)
    return replace(performed, onset_sec=onset, offset_sec=offset)


def _grace_groups(notes: ScoreNotes) -> list[IntArray]:
    """Grace notes that belong together: of one place and voice, one after the other."""
    grace = np.flatnonzero(notes.is_grace & (notes.grace_order > 0))
    if not len(grace):
        return []
    columns = np.stack([notes.onset_quarter, notes.part, notes.voice], axis=1)[grace]
    return _groups(grace, columns)


def _groups(index: IntArray, columns: FloatArray) -> list[IntArray]:
    """Notes of equal columns together."""
    _, group = np.unique(columns, axis=0, return_inverse=True)
    order = np.argsort(group, kind="stable")
    return np.split(index[order], np.flatnonzero(np.diff(group[order])) + 1)


def _lean(
    notes: ScoreNotes, group: IntArray, main: IntArray, tempo_map: TempoMap, onset: FloatArray, offset: FloatArray
) -> None:
    """An appoggiatura comes on the beat and takes its printed value from the note it leans on."""
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
    """Whether a length is one and a half times a power of two."""
    return bool(np.isclose(np.log2(quarter / 1.5) % 1.0, [0.0, 1.0], atol=1e-6).any())


def _give_way(notes: ScoreNotes, keys: IntArray, group: IntArray, onset: FloatArray, offset: FloatArray) -> None:
    """The note before in the same voice ends where the grace notes begin."""
    quarter, first_sec = notes.onset_quarter[group[0]], float(onset[group].min())
    last = int(np.searchsorted(notes.onset_quarter, quarter - SAME_QUARTER))
    before = np.arange(max(last - 64, 0), last)
    ends = notes.onset_quarter[before] + notes.duration_quarter[before]
    own = before[(keys[before] == keys[group[0]]).all(axis=1) & (np.abs(ends - quarter) < SAME_QUARTER)]
    own = own[onset[own] < first_sec]
    offset[own] = np.minimum(offset[own], first_sec)


def _rolled(notes: ScoreNotes, performed: PerformedNotes) -> PerformedNotes:
    """The notes of a rolled chord one after the other, the first one on the beat."""
    rolled = np.flatnonzero(notes.has(Mark.ARPEGGIO) & ~notes.is_grace)
    if not len(rolled):
        return performed
    onset = performed.onset_sec.copy()
    columns = np.stack([notes.onset_quarter, notes.part], axis=1)[rolled]
    downwards = notes.has(Mark.DOWNWARDS)
    for chord in _groups(rolled, columns):
        place = np.argsort(np.argsort(notes.pitch[chord], kind="stable"), kind="stable")
        if downwards[chord].any():
            place = len(chord) - 1 - place
        start_sec = float(onset[chord].mean())
        room_sec = LARGEST_SHARE * float((performed.offset_sec[chord] - start_sec).min())
        step_sec = min(ARPEGGIO_SEC, room_sec / max(len(chord) - 1, 1))
        onset[chord] = start_sec + max(step_sec, 0.0) * place
    return replace(performed, onset_sec=onset)


def _pedalled(notes: ScoreNotes, performed: PerformedNotes, tempo_map: TempoMap) -> PerformedNotes:
    """What the pedal holds rings until it is released."""
    released_quarter = notes.onset_quarter + notes.duration_quarter + notes.ring_quarter
    released_sec = np.where(notes.ring_quarter > 0, tempo_map.find_sec(released_quarter), -np.inf)
    return replace(performed, offset_sec=np.maximum(performed.offset_sec, released_sec))
