"""What every test may use: where the real recordings are."""

from pathlib import Path

import pytest

from tests.factories import REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real recordings beside the checkout; a user has only the repository, so tests skip without."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs the real recordings in ../shared/data, which are not here")
    return folder
