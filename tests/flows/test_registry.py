"""Models under a name and an alias, in a real registry."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient

from dp.errors import DataError
from dp.render import load_models
from flows.registry import register_models, registered_models
from tests.render.untrained import model_set, save


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    save(model_set(), folder)
    return folder


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    yield tmp_path


def test_models_of_the_registry(models: Path, here: Path) -> None:
    Path(".dp").mkdir()
    client = MlflowClient(f"sqlite:///{here / '.dp' / 'mlflow.db'}", f"sqlite:///{here / '.dp' / 'mlflow.db'}")
    client.create_registered_model("violin")
    client.create_model_version("violin", models.as_uri())
    client.set_registered_model_alias("violin", "champion", "1")
    assert registered_models(here, "models:/violin@champion") == models
    assert registered_models(here, "models:/violin/1") == models
    assert load_models(registered_models(here, "models:/violin/1")).performer_names == ("ann", "bo")
    for address, part in (("models:/violin@other", "is not known"), ("models:/viola/1", "is not known")):
        with pytest.raises(DataError, match=part):
            registered_models(here, address)
    with pytest.raises(DataError, match="names no version"):
        registered_models(here, "models:/violin")
    client.create_model_version("violin", (here / "gone").as_uri())
    with pytest.raises(DataError, match="is no folder here"):
        registered_models(here, "models:/violin/2")


def test_models_that_are_registered_stay_as_they_were(models: Path, here: Path) -> None:
    changing = here / "models"
    shutil.copytree(models, changing)
    assert register_models(here, changing, "violin", "champion") == 1
    first = registered_models(here, "models:/violin@champion")
    shutil.rmtree(changing / "vocoder")
    with pytest.raises(DataError, match="vocoder"):
        register_models(here, changing, "violin", "champion")
    assert registered_models(here, "models:/violin@champion") == first
    assert load_models(first).performer_names == ("ann", "bo")
    assert register_models(here, models, "violin", "champion") == 2
    assert registered_models(here, "models:/violin@champion") != first == registered_models(here, "models:/violin/1")
    with pytest.raises(DataError, match="is refused by MLflow"):
        register_models(here, models, "a/b", "champion")
