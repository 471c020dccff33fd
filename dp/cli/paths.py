"""Check the files that a command is asked to write, before any work."""

import os
from pathlib import Path

from dp.errors import DataError


def check_out(path: Path, suffixes: tuple[str, ...]) -> None:
    """Refuse what could not be written at the end.

    Raises:
        DataError: another suffix than these, a folder, or in a folder that does not exist or cannot be written to.
    """
    wanted = " or ".join(suffixes)
    if path.suffix.lower() not in suffixes:
        raise DataError(path, f"does not end in {wanted}", f"name a {wanted} file")
    if path.is_dir():
        raise DataError(path, "is a folder", f"name a {wanted} file in it")
    folder = path.resolve().parent
    if not folder.is_dir():
        raise DataError(path, f"its folder {folder} does not exist", "make the folder first")
    if not os.access(folder, os.W_OK):
        raise DataError(path, f"its folder {folder} cannot be written to", "choose another")
