"""Score files are read as bytes here; no size, name or ratio that a file states about itself is trusted.

A compressed MusicXML file (.mxl) is a zip archive whose META-INF/container.xml names the score inside it. Nothing is
unpacked to disk. An archive is refused even so when one of its names would leave the folder it were unpacked into.
"""

import io
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from dp.errors import DataError
from dp.score.xmltree import parse_xml

MAX_FILE_BYTE = 64 * 2**20  # the largest orchestral scores in MusicXML are about 50 MB
MAX_RATIO = 200  # unpacked size over packed size: MusicXML reaches 20 to 60, deflate at most 1032
RATIO_FREE_BYTE = 2**20  # no ratio counts for what unpacks to less than this
MAX_MEMBER_COUNT = 1000
CONTAINER = "META-INF/container.xml"
CHUNK_BYTE = 2**16

_ADVICE = "export it again"
_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError)


def shorten(error: Exception) -> str:
    """Return the text of a library's error, printable and at most 100 characters long."""
    return ascii(str(error))[1:-1][:100] or type(error).__name__


def read_bytes(path: Path) -> bytes:
    """Read all of a file.

    Raises:
        DataError: it is missing, not a file, not readable, empty or larger than `MAX_FILE_BYTE`.
    """
    if not path.exists():
        raise DataError(path, "does not exist", "check the path")
    if not path.is_file():
        raise DataError(path, "is not a file", "give one score file")
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTE + 1)
    except OSError as error:
        raise DataError(path, f"cannot be read ({error.strerror})", "check its permissions") from error
    if not data:
        raise DataError(path, "is empty (0 bytes)", _ADVICE)
    if len(data) > MAX_FILE_BYTE:
        raise DataError(path, f"is larger than {MAX_FILE_BYTE} bytes, which no score is", "give a score")
    return data


def read_mxl(path: Path) -> bytes:
    """Read the MusicXML document inside a compressed file.

    Raises:
        DataError: the file is no zip archive, is cut off or encrypted, unpacks to too much, holds names that leave the
            archive, or holds no score.
    """
    data = read_bytes(path)
    if not data.startswith(b"PK"):
        raise DataError(path, "is not a zip archive, as .mxl files are", "if it is plain MusicXML, name it .musicxml")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = _list_members(archive, path)
            if CONTAINER not in members:
                raise DataError(path, f"has no {CONTAINER}, so it is not compressed MusicXML", _ADVICE)
            name = _find_root_file(_read_member(archive, members[CONTAINER], path), path)
            if name not in members:
                raise DataError(path, f"names {name[:80]!r} as its score, but holds no such file", _ADVICE)
            return _read_member(archive, members[name], path)
    except _ZIP_ERRORS as error:
        raise DataError(path, f"is a damaged zip archive ({shorten(error)})", _ADVICE) from error


def _list_members(archive: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    """List the files of an archive by name; refuse too many, and names that leave it."""
    infos = archive.infolist()
    if len(infos) > MAX_MEMBER_COUNT:
        raise DataError(path, f"holds {len(infos)} files, expected at most {MAX_MEMBER_COUNT}", _ADVICE)
    for info in infos:
        _check_name(info.orig_filename, path)
    return {info.filename: info for info in infos}


def _check_name(name: str, path: Path) -> None:
    """Refuse the name of a file that would be unpacked outside the archive's folder."""
    pure = PurePosixPath(name.replace("\\", "/"))
    if pure.is_absolute() or ".." in pure.parts or ":" in name or "\0" in name:
        raise DataError(
            path, f"names the file {name[:80]!r}, which leaves the archive", "do not use this file: it may be hostile"
        )


def _find_root_file(container: bytes, path: Path) -> str:
    """Find the name of the score: the first root file; further ones are other forms of it (W3C MusicXML 4.0)."""
    for element in parse_xml(container, path).iter():
        if element.tag.rpartition("}")[2] == "rootfile":
            name = element.get("full-path", "")
            if name:
                _check_name(name, path)
                return str(PurePosixPath(name.replace("\\", "/")))
    raise DataError(path, f"names no root file in {CONTAINER}, so its score cannot be found", _ADVICE)


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> bytes:
    """Read the bytes of one file of an archive; count them while they are unpacked, since its header may be false."""
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise DataError(path, f"packs {info.filename[:80]!r} by method {info.compress_type}, expected deflate", _ADVICE)
    budget = min(MAX_FILE_BYTE, max(RATIO_FREE_BYTE, MAX_RATIO * info.compress_size))
    chunks = []
    size = 0
    with archive.open(info) as file:
        while chunk := file.read(CHUNK_BYTE):
            size += len(chunk)
            if size > budget:
                raise DataError(
                    path,
                    f"unpacks {info.filename[:80]!r} to more than {budget} bytes from {info.compress_size}",
                    "do not use this file: it looks like a zip bomb",
                )
            chunks.append(chunk)
    return b"".join(chunks)
