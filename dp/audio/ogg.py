"""Make ogg streams the same for the same sound (RFC 3533, section 6)."""

import zlib
from pathlib import Path

_HEADER_BYTES = 27  # before the table of segment lengths
_SERIAL = slice(14, 18)  # of a page, the stream's serial number
_CHECKSUM = slice(22, 26)  # of a page
_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))  # bytes with their bits the other way round
_SERIAL_NUMBER = (1).to_bytes(4, "little")  # any will do: there is one stream in a file


def fix_serial_number(path: Path) -> None:
    """Give the one stream of an ogg file a fixed number instead of the one that the encoder draws by the clock.

    Args:
        path: a whole ogg file, changed in place.

    Raises:
        OSError: it cannot be read or written.
    """
    with path.open("r+b") as file:
        while header := file.read(_HEADER_BYTES):
            start = file.tell() - _HEADER_BYTES
            table = file.read(header[26])
            page = bytearray(header + table + file.read(sum(table)))
            page[_SERIAL] = _SERIAL_NUMBER
            page[_CHECKSUM] = bytes(4)
            page[_CHECKSUM] = _compute_checksum(page)
            file.seek(start)
            file.write(page)


def _compute_checksum(page: bytearray) -> bytes:
    """Compute Ogg's checksum.

    The polynomial is zlib's, but the bits of each byte and of the result are mirrored, and nothing is inverted.
    """
    mirrored = zlib.crc32(page.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2).to_bytes(4, "little")
