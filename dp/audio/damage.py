"""Find what libsndfile passes over in silence: files that were cut off, and mp3 files whose length it only guesses."""

from pathlib import Path
from typing import BinaryIO

_RIFF_SIZE_UNKNOWN = 0x7FFFF000  # programs that write to a pipe leave 0, 0x7FFFFFFF or 0xFFFFFFFF there
_MP3_TAG_BYTES = 4096  # the longest frame has 2881 bytes
_OGG_HEADER_BYTES = 27  # before the table of segment lengths (RFC 3533, section 6)
_OGG_MAX_PAGE_BYTES = _OGG_HEADER_BYTES + 255 + 255 * 255  # a table of 255 lengths, and 255 segments of 255 bytes


def describe_cut_off(path: Path) -> str:
    """Say why the end of this file is missing; "" where nothing shows that it is.

    A wav's header says how long its data are; an ogg's last page says how long it is. In mp3 and flac the decoder
    itself finds out.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        magic = file.read(4)
        if magic == b"RIFF":
            return _describe_cut_riff(file, size)
        if magic == b"OggS":
            file.seek(max(0, size - _OGG_MAX_PAGE_BYTES))
            return _describe_cut_ogg(file.read())
    return ""


def has_mp3_length(path: Path) -> bool:
    """Return whether an mp3 says how long it is: by a Xing, Info or VBRI tag in its first frame.

    Without one libsndfile takes the first frame's bit rate for that of all, and can be wrong by several times.
    """
    with path.open("rb") as file:
        head = file.read(10)
        if head[:3] == b"ID3":  # its length is in the last four bytes, seven bits in each
            file.seek(10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=False)))
        else:
            file.seek(0)
        first_frame = file.read(_MP3_TAG_BYTES)
    return any(tag in first_frame for tag in (b"Xing", b"Info", b"VBRI"))


def _describe_cut_riff(file: BinaryIO, size: int) -> str:
    """Find the data chunk and compare its length with what follows it."""
    position = 12
    while position + 8 <= size:
        file.seek(position)
        chunk, length = file.read(4), int.from_bytes(file.read(4), "little")
        if chunk == b"data":
            there = size - position - 8
            if 0 < length < _RIFF_SIZE_UNKNOWN and there < length:
                return f"is cut off: its header promises {length} bytes of sound, {there} are there"
            return ""
        position += 8 + length + length % 2
    return ""


def _describe_cut_ogg(tail: bytes) -> str:
    """Judge by the last page: header, then a table of segment lengths, then the segments (RFC 3533, section 6)."""
    page = tail[tail.rfind(b"OggS") :] if b"OggS" in tail else b""
    if len(page) >= _OGG_HEADER_BYTES:
        segment_count = page[26]
        table = page[_OGG_HEADER_BYTES : _OGG_HEADER_BYTES + segment_count]
        if len(table) == segment_count and len(page) >= _OGG_HEADER_BYTES + segment_count + sum(table):
            return ""
    return "is cut off in the middle of its last page"
