from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dp.corpora import CORPORA, list_recordings
from dp.corpora.listing import is_id, make_path_id
from dp.errors import DataError

ROOT = Path("/music")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("sonata.wav", "sonata-wav"),
        ("Sonata_1-a.mp3", "Sonata_1-a-mp3"),
        ("live/sonata.wav", "live-sonata-wav-676117"),
        ("my sonata.wav", "my-sonata-wav-2931d4"),
        ("sonata.WAV", "sonata-wav-6a2728"),
        ("ソナタ.wav", "wav-d7b238"),
    ],
)
def test_ids_show_the_path(path: str, expected: str) -> None:
    assert make_path_id(ROOT / path, ROOT) == expected
    assert make_path_id(Path("elsewhere") / path, Path("elsewhere")) == expected  # where the root lies does not matter


@given(st.lists(st.text("ab./- _ÄA", min_size=1, max_size=8), min_size=2, max_size=2, unique=True))
def test_ids_are_safe_and_differ(names: list[str]) -> None:
    paths = [ROOT / (name.strip("/. ") + "x.wav") for name in names]
    ids = [make_path_id(path, ROOT) for path in paths]
    assert all(is_id(name) for name in ids)
    assert (ids[0] == ids[1]) == (paths[0] == paths[1])


def test_long_paths_and_paths_elsewhere() -> None:
    long = make_path_id(ROOT / ("a" * 200) / ("b" * 200 + ".wav"), ROOT)
    assert is_id(long) and len(long) <= 100 and "bbb-wav-" in long
    assert make_path_id(Path("/other/sonata.wav"), ROOT).startswith("sonata-wav-")
    assert make_path_id(Path("/other/sonata.wav"), ROOT) != make_path_id(Path("/third/sonata.wav"), ROOT)


def test_names_of_corpora(tmp_path: Path) -> None:
    assert list(CORPORA) == ["bach-violin", "folder", "demo"]
    with pytest.raises(DataError, match="corpus 'vienna': is unknown; known: bach-violin, folder, demo"):
        list_recordings("vienna", tmp_path)


@pytest.mark.parametrize("name", ["bach-violin", "folder", "demo"])
def test_no_such_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        list_recordings(name, tmp_path / "nowhere")
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="is not a folder"):
        list_recordings(name, tmp_path / "file")
    with pytest.raises(DataError):
        list_recordings(name, tmp_path / "file" / "below")


@pytest.mark.parametrize("name", ["bach-violin", "folder", "demo"])
def test_an_empty_folder_is_no_corpus(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        list_recordings(name, tmp_path)
    assert caught.value.subject == str(tmp_path) and caught.value.advice
