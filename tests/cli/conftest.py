"""What the tests of commands share."""

from pathlib import Path

import pytest

from tests.render.untrained import model_set, save


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of small models that nobody trained."""
    return save(model_set(), tmp_path_factory.mktemp("models"))
