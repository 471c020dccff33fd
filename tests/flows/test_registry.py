"""Models under a name and an alias, in a real registry."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from mlflow import MlflowClient

from dp.errors import DataError
from dp.render import load_models
from dp.types import Source
from flows.registry import find_registered_models, main, register_models
from tests.render.untrained import TRAINED_ON, model_set, save

ALLOWED = ("unknown",)  # the vocoder does not say what it learned from


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
    assert find_registered_models(here, "models:/violin@champion") == models
    assert find_registered_models(here, "models:/violin/1") == models
    assert load_models(find_registered_models(here, "models:/violin/1")).performer_names == ("ann", "bo")
    for address, part in (("models:/violin@other", "is not known"), ("models:/viola/1", "is not known")):
        with pytest.raises(DataError, match=part):
            find_registered_models(here, address)
    with pytest.raises(DataError, match="names no version"):
        find_registered_models(here, "models:/violin")
    client.create_model_version("violin", (here / "gone").as_uri())
    with pytest.raises(DataError, match="is no folder here"):
        find_registered_models(here, "models:/violin/2")


def test_models_are_refused_whose_recordings_forbid_their_release(
    models: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = model_set()
    bound = (*TRAINED_ON, Source("three", "cy", "CC BY-NC-SA 4.0"))
    save(replace(made, timing=replace(made.timing, trained_on=bound)), here / "bound")
    command = ["bound", "violin", "champion"]
    assert main(command) == 2
    assert capsys.readouterr().err.splitlines() == [
        "flows.registry: bound: cannot be released: CC BY-NC-SA 4.0 forbids commercial use (three); "
        "the licence is unknown (whatever the vocoder model learned from); train models without them, or give "
        "--allow-licence 'CC BY-NC-SA 4.0' 'unknown' where you may release them all the same"
    ]
    assert main([*command, "--allow-licence", "unknown"]) == 2
    assert not (here / ".dp").exists()
    assert main([*command, "--allow-licence", "unknown", "cc by-nc-sa 4.0"]) == 0
    assert capsys.readouterr().out == "models:/violin@champion is version 1\n"
    assert load_models(find_registered_models(here, "models:/violin@champion")).timing.trained_on == bound


def test_models_of_free_recordings_are_registered_as_they_are(here: Path) -> None:
    made = model_set()
    save(replace(made, vocoder=replace(made.vocoder, trained_on=TRAINED_ON)), here / "free")
    assert main(["free", "violin", "champion"]) == 0


def test_models_that_are_registered_stay_as_they_were(models: Path, here: Path) -> None:
    changing = here / "models"
    shutil.copytree(models, changing)
    assert register_models(here, changing, "violin", "champion", ALLOWED) == 1
    first = find_registered_models(here, "models:/violin@champion")
    shutil.rmtree(changing / "vocoder")
    with pytest.raises(DataError, match="vocoder"):
        register_models(here, changing, "violin", "champion", ALLOWED)
    assert find_registered_models(here, "models:/violin@champion") == first
    assert load_models(first).performer_names == ("ann", "bo")
    assert register_models(here, models, "violin", "champion", ALLOWED) == 2
    assert (
        find_registered_models(here, "models:/violin@champion")
        != first
        == find_registered_models(here, "models:/violin/1")
    )
    with pytest.raises(DataError, match="is refused by MLflow"):
        register_models(here, models, "a/b", "champion", ALLOWED)
