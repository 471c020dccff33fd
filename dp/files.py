"""Write files whole or not at all."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def open_whole_file(path: Path) -> Iterator[Path]:
    """Open a temporary path beside `path`, which becomes `path` when the block ends without an error.

    On any error, a full disk among them, the temporary file is removed and `path` stays as it was.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}.", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        temporary.chmod(0o666 & ~_get_umask())
        yield temporary
        temporary.replace(path)
    except OSError as error:
        _remove(temporary)
        error.filename = str(path)  # what the user asked for, not the temporary name
        error.filename2 = None
        raise
    except BaseException:
        _remove(temporary)
        raise


def write_whole(path: Path, content: bytes) -> None:
    """Write `content` to `path` whole or not at all."""
    with open_whole_file(path) as temporary:
        temporary.write_bytes(content)


def _remove(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        path.unlink()


def _get_umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
