"""The chunks of a MIDI file are gathered here: its header and its tracks, whatever stands around and between them."""

from pathlib import Path

from dp.errors import DataError
from dp.score.midi_tracks import MidiOddities

HEADER_BYTE = 14  # length of a MIDI file's header chunk
MAX_BEFORE_BYTE = 256  # a RIFF header has 20 bytes, one of MacBinary 128
CHUNK_HEADER_BYTE = 8
ADVICE = "export it again as a standard MIDI file"


def gather_chunks(data: bytes, path: Path, oddities: MidiOddities) -> bytes:
    """Return a MIDI file that holds its header and its tracks only, as many as the header says.

    What stands before the header (RIFF, MacBinary) and chunks of other kinds are passed over, as MIDI 1.0 has it.

    Args:
        data: the file.
        path: for the errors.
        oddities: a number of tracks other than the header's is added there.

    Raises:
        DataError: there is no whole header or no track, or the file holds several songs.
    """
    begin = data.find(b"MThd", 0, MAX_BEFORE_BYTE + len(b"MThd"))
    if begin < 0:
        raise DataError(path, "is not a MIDI file: it does not start with MThd", ADVICE)
    data = data[begin:]
    if len(data) < HEADER_BYTE:
        raise DataError(path, f"is cut off inside its header ({len(data)} of {HEADER_BYTE} bytes)", ADVICE)
    kind, told_count = (int.from_bytes(data[place : place + 2], "big") for place in (8, 10))
    tracks = _list_tracks(data)
    if not tracks:
        raise DataError(path, "is a damaged MIDI file (it holds no tracks)", ADVICE)
    if kind not in (0, 1) and (kind != 2 or len(tracks) != 1):
        raise DataError(path, f"is a MIDI file of format {kind} with {len(tracks)} tracks, expected 0 or 1", ADVICE)
    if len(tracks) != told_count:
        oddities.add(f"the header counts {told_count} tracks, the file has {len(tracks)}: all of them are read")
    header = (6).to_bytes(4, "big") + min(kind, 1).to_bytes(2, "big") + len(tracks).to_bytes(2, "big") + data[12:14]
    return b"MThd" + header + b"".join(tracks)


def _list_tracks(data: bytes) -> list[bytes]:
    """List the track chunks of a file; the last one may be cut off."""
    tracks = []
    place = CHUNK_HEADER_BYTE + int.from_bytes(data[4:8], "big")
    while place + CHUNK_HEADER_BYTE <= len(data):
        end = place + CHUNK_HEADER_BYTE + int.from_bytes(data[place + 4 : place + 8], "big")
        if data.startswith(b"MTrk", place):
            tracks.append(data[place:end])
        place = end
    return tracks
