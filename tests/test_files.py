import errno
from pathlib import Path

import pytest

from dp.files import open_whole_file, write_whole


def test_content_arrives_with_ordinary_permissions(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    plain = tmp_path / "b.csv"
    plain.write_bytes(b"")
    assert path.stat().st_mode == plain.stat().st_mode


@pytest.mark.parametrize("error", [ValueError("no"), OSError(errno.ENOSPC, "No space left on device")])
def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path, error: Exception) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"old")
    with pytest.raises(type(error)) as caught, open_whole_file(path) as temporary:
        temporary.write_bytes(b"half")
        raise error
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    if isinstance(caught.value, OSError):
        assert caught.value.filename == str(path)
