"""What every test may use: the real recordings, and the demo corpus."""

from pathlib import Path

import pytest

import dp
from tests.factories import REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real recordings beside the checkout; a user has only the repository, so tests skip without."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs the real recordings in ../shared/data, which are not here")
    return folder


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo corpus, made once; a test that writes there copies it first."""
    pytest.importorskip("tinysoundfont", reason="the demo corpus is rendered with tinysoundfont")
    folder = tmp_path_factory.mktemp("demo") / "data" / "demo"
    dp.make_demo(folder)
    return folder
