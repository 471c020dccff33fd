"""The tracks of a MIDI file are mended here before pretty_midi reads them, which heeds less than players do.

Tempo counts in whichever track it stands, pedal and program for their whole channel; every note has an end.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import mido

PEDAL_CONTROLLER = 64  # of the sustaining pedal (MIDI 1.0)
DRUM_CHANNEL = 9  # General MIDI's tenth
MIN_BAR_QUARTER, MAX_BAR_QUARTER = Fraction(1, 64), 1000  # beyond any music
VIDEO_TEMPO = 500_000  # microseconds a quarter where ticks are counted in seconds: MIDI's own default, 120 a minute
SHORT_SHARE = 8  # of a quarter that a note without a length lasts
_FRAME_RATES = {24: Fraction(24), 25: Fraction(25), 29: Fraction(30_000, 1001), 30: Fraction(30)}  # a second (MIDI 1.0)
_KEY_SIGNATURE = re.compile(rb"\xff\x59\x02(.)(.)", re.DOTALL)  # then sharps, and 1 for minor
_FEW_SHARPS = {*range(8), *range(256 - 7, 256)}

_Event = tuple[int, "mido.Message"]  # ticks from the beginning, and the message


@dataclass
class MidiOddities:
    """What is read otherwise than it stands in the file, each with its track and tick; -1 = the whole file."""

    found: list[tuple[int, int, str]] = field(default_factory=list)

    def add(self, reason: str, track: int = -1, tick: int = -1) -> None:
        """Add one.

        Args:
            reason: what is odd, and how it is read.
            track: from 0.
            tick: from the beginning.
        """
        self.found.append((track, tick, reason))


def replace_key_signatures(data: bytes, oddities: MidiOddities) -> bytes:
    """Return the bytes of a MIDI file with key signatures that no music has replaced: no note depends on them."""

    def replace(found: re.Match[bytes]) -> bytes:
        if found[1][0] in _FEW_SHARPS and found[2][0] <= 1:
            return found[0]
        oddities.add("a key signature that no music has is passed over")
        return b"\xff\x59\x02\x00\x00"

    return _KEY_SIGNATURE.sub(replace, data)


def find_video_resolution(division: int) -> tuple[int, int] | None:
    """Find ticks a quarter for a file that counts its ticks in video frames.

    Args:
        division: of the file's header, 0x8000 or more.

    Returns:
        The ticks, and the tempo in microseconds a quarter at which they last as long as the file says; None where there
        is no such frame rate.
    """
    rate = _FRAME_RATES.get(256 - (division >> 8))
    tick_count = division & 0xFF  # a frame
    if rate is None or not tick_count:
        return None
    ticks_a_second = rate * tick_count
    resolution = max(round(ticks_a_second * VIDEO_TEMPO / 1_000_000), 1)
    return resolution, round(1_000_000 * resolution / ticks_a_second)


def mend_tracks(file: "mido.MidiFile", fixed_tempo: int | None, oddities: MidiOddities) -> None:
    """Mend the tracks of a file.

    Args:
        file: its tracks are replaced.
        fixed_tempo: microseconds a quarter, where tempo marks do not count; None = they do.
        oddities: what is odd is added there.
    """
    import mido

    tracks = [_count_from_beginning(track) for track in file.tracks if track] or [[]]
    ends = [max((tick for tick, _ in events), default=0) for events in tracks]
    tempo = _take_tempo(tracks, oddities) if fixed_tempo is None else {0: fixed_tempo}
    _bring_releases(tracks)
    pedal = [(tick, event) for events in tracks for tick, event in events if _is_pedal(event)]
    programs = {index: _find_programs(events) for index, events in enumerate(tracks)}
    mended = []
    for index, (events, end_tick) in enumerate(zip(tracks, ends, strict=True)):
        kept = [e for e in events if e[1].type not in ("set_tempo", "end_of_track") and not _is_pedal(e[1])]
        kept = _drop_time_signatures(kept, index, oddities)
        channels = {event.channel for _, event in kept if event.type == "note_on"}
        last_tick = end_tick if end_tick > 0 else max(ends)
        kept = _end_notes(kept, last_tick, file.ticks_per_beat, index, oddities)
        # Before notes of the same tick, in whatever track they stand.
        first = [(tick, event) for tick, event in pedal if event.channel in channels]
        first += [(0, event) for event in _borrow_programs(programs, index, channels)]
        if index == 0:
            first += [(tick, mido.MetaMessage("set_tempo", tempo=tempo[tick])) for tick in sorted(tempo)]
        rows = sorted([*first, *kept], key=lambda row: row[0])
        rows.append((max(end_tick, rows[-1][0] if rows else 0), mido.MetaMessage("end_of_track")))
        mended.append(mido.MidiTrack(_count_from_each_other(rows)))
    file.tracks = mended


def _bring_releases(tracks: list[list[_Event]]) -> None:
    """Bring the releases of notes that are struck in another track to that track: they count for their channel."""
    struck: dict[tuple[int, int], set[int]] = {}
    for index, events in enumerate(tracks):
        for _, event in events:
            if _is_strike(event):
                struck.setdefault((event.channel, event.note), set()).add(index)
    for index, events in enumerate(tracks):
        for tick, event in events:
            is_release = event.type in ("note_on", "note_off") and not _is_strike(event)
            owners = struck.get((event.channel, event.note), {index}) if is_release else {index}
            if index not in owners:
                tracks[min(owners)].append((tick, event))
    for events in tracks:
        events.sort(key=lambda row: row[0])


def _is_strike(event: "mido.Message") -> bool:
    """Return whether a message of a note begins it; a note_on without velocity ends it."""
    return event.type == "note_on" and event.velocity > 0


def _make_release(struck: "mido.Message") -> "mido.Message":
    """Make the message that ends a note."""
    import mido

    return mido.Message("note_off", channel=struck.channel, note=struck.note)


def _count_from_beginning(track: Iterable["mido.Message"]) -> list[_Event]:
    """Return the messages of a track with their ticks from the beginning."""
    tick = 0
    events = []
    for event in track:
        tick += event.time
        events.append((tick, event))
    return events


def _count_from_each_other(events: Iterable[_Event]) -> list["mido.Message"]:
    """Return messages that have their ticks from one another, as in a file."""
    before = 0
    messages = []
    for tick, event in events:
        messages.append(event.copy(time=tick - before))
        before = tick
    return messages


def _is_pedal(event: "mido.Message") -> bool:
    """Return whether a message moves the sustaining pedal."""
    return event.type == "control_change" and event.control == PEDAL_CONTROLLER


def _find_programs(events: list[_Event]) -> dict[int, "mido.Message"]:
    """Find the first change of program of each channel in a track."""
    return {event.channel: event for _, event in reversed(events) if event.type == "program_change"}


def _borrow_programs(
    programs: dict[int, dict[int, "mido.Message"]], track: int, channels: set[int]
) -> list["mido.Message"]:
    """List the programs that a track needs of others: of channels that it plays and chooses no program for."""
    needed = sorted(channels - programs[track].keys())
    found = [next((of[channel] for of in programs.values() if channel in of), None) for channel in needed]
    return [event for event in found if event is not None]


def _take_tempo(tracks: list[list[_Event]], oddities: MidiOddities) -> dict[int, int]:
    """Take the tempo marks of all tracks, microseconds by tick; at one tick, the first track counts."""
    tempo: dict[int, int] = {}
    for index, events in reversed(list(enumerate(tracks))):
        for tick, event in events:
            if event.type == "set_tempo" and event.tempo > 0:
                tempo[tick] = event.tempo
            elif event.type == "set_tempo":
                oddities.add("a tempo of 0 microseconds a quarter is passed over", index, tick)
    return tempo


def _drop_time_signatures(events: list[_Event], track: int, oddities: MidiOddities) -> list[_Event]:
    """Drop the time signatures that no music has."""
    kept = []
    for tick, event in events:
        if event.type == "time_signature":
            length_quarter = Fraction(4 * event.numerator, event.denominator)
            if not MIN_BAR_QUARTER <= length_quarter <= MAX_BAR_QUARTER:
                text = f"{event.numerator}/{event.denominator}"[:20]
                oddities.add(f"the time signature {text}, which no music has, is passed over", track, tick)
                continue
        kept.append((tick, event))
    return kept


def _end_notes(
    events: list[_Event], end_tick: int, resolution: int, track: int, oddities: MidiOddities
) -> list[_Event]:
    """Give every note of a track an end.

    Args:
        events: of the track, by tick.
        end_tick: the end of the track.
        resolution: ticks a quarter.
        track: its index.
        oddities: what is odd is added there.
    """
    other: list[_Event] = []
    pitches: dict[tuple[int, int], list[_Event]] = {}
    for tick, event in events:
        if event.type in ("note_on", "note_off"):
            pitches.setdefault((event.channel, event.note), []).append((tick, event))
        else:
            other.append((tick, event))
    for (channel, _), strokes in pitches.items():
        for tick, event, reason in _end_pitch(strokes, end_tick, resolution):
            other.append((tick, event))
            if reason and channel != DRUM_CHANNEL:
                oddities.add(reason, track, tick)
    # A change of program comes after the ends of notes that were played before it.
    return sorted(other, key=lambda row: (row[0], row[1].type != "note_off", row[1].type == "note_on"))


def _end_pitch(strokes: list[_Event], end_tick: int, resolution: int) -> Iterator[tuple[int, "mido.Message", str]]:
    """Find the notes of one pitch of one channel: where each is struck and released, and what is odd there.

    A pitch that is struck again while it sounds ends there, and the new note keeps its own release. A note without a
    release lasts until the end of its track, or a quarter where it begins there; one without a length, a 32nd.

    Args:
        strokes: its messages, by tick.
        end_tick: the end of the track.
        resolution: ticks a quarter.
    """
    notes: list[tuple[int, int, mido.Message, str]] = []
    sounding: list[_Event] = []  # strokes at one tick
    owed = 0  # releases of notes that have already been ended
    strike_count = sum(_is_strike(event) for _, event in strokes)  # still to come
    release_count = len(strokes) - strike_count
    for index, (tick, event) in enumerate(strokes):
        before, after = sounding, strokes[index + 1] if index + 1 < len(strokes) else None
        if _is_strike(event):
            strike_count -= 1
            if before and before[0][0] < tick:
                notes += [(start, tick, struck, "") for start, struck in before]
                owed += len(before)
                before = []
            sounding = [*before, (tick, event)]
            continue
        release_count -= 1
        if not sounding or (owed and release_count >= owed + strike_count):
            owed = max(owed - 1, 0)
        elif before[0][0] < tick:
            notes += [(start, tick, struck, "") for start, struck in before]
            owed += len(before) - 1
            sounding = []
        elif after is None or _is_strike(after[1]):
            furthest = tick + max(resolution // SHORT_SHARE, 1)
            end = furthest if after is None else min(furthest, after[0])
            notes += [(tick, end, before[-1][1], "a note without a length lasts a 32nd")] if end > tick else []
            sounding = before[:-1]
        else:
            sounding = before[:-1] or before
    reason = "a note without an end lasts until the end of its track"
    notes += [(start, max(end_tick, start), struck, reason) for start, struck in sounding]
    for start, end, struck, odd in notes:
        yield start, struck, odd
        yield end if end > start else start + resolution, _make_release(struck), ""
