"""Keep models under a name and an alias, in MLflow's model registry.

    python -m flows.registry MODELS NAME ALIAS [--allow-licence LICENCE ...]

in the project folder keeps the timing, synthesis and vocoder model of the folder MODELS as the next version of NAME,
which `dp render --model models:/NAME@ALIAS` then takes. Models that are trained again later do not change it.

Models that learned from a recording whose licence forbids commercial use or derivatives, or is unknown, are refused,
unless that licence ("unknown" among them) is allowed.
"""

import argparse
import shutil
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from urllib.parse import unquote, urlparse

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from dp.errors import EXIT_BAD_INPUT, DataError
from dp.licences import check_release
from dp.project import REGISTRY_PREFIX, RENDERING_MODELS, STATE_FOLDER
from dp.render import load_models
from dp.store.files import open_whole_folder

_ADVICE = "name one as models:/NAME@ALIAS or models:/NAME/VERSION"


def register_models(project: Path, models: Path, name: str, alias: str, allowed_licences: Collection[str] = ()) -> int:
    """Keep a copy of a folder of models as the next version of a name, and let an alias mean it.

    Args:
        project: whose registry.
        models: folder of a timing, a synthesis and a vocoder model.
        name: of the models, such as "violin".
        alias: such as "champion"; whatever it meant before, it means this now.
        allowed_licences: licences of recordings that are no obstacle; see `dp.licences.check_release`.

    Returns:
        the version.

    Raises:
        DataError: the models are not all there, they learned from recordings whose licence forbids their release or is
            unknown, or MLflow takes no such name or alias.
    """
    loaded = load_models(models)
    learned = (loaded.timing.trained_on, loaded.synthesis.trained_on, loaded.vocoder.trained_on)
    check_release(models, dict(zip(RENDERING_MODELS, learned, strict=True)), allowed_licences)
    state = (project / STATE_FOLDER).absolute()
    state.mkdir(parents=True, exist_ok=True)
    client = _open_client(state / "mlflow.db")
    try:
        if not client.search_registered_models(f"name = '{name}'"):
            client.create_registered_model(name)
        versions = [int(found.version) for found in client.search_model_versions(f"name = '{name}'")]
        kept = state / "registry" / name / str(max(versions, default=0) + 1)
        with open_whole_folder(kept) as folder:
            for model in RENDERING_MODELS:
                shutil.copytree(models / model, folder / model)
        version = client.create_model_version(name, kept.as_uri()).version
        client.set_registered_model_alias(name, alias, version)
    except MlflowException as error:
        raise DataError(f"{name}@{alias}", f"is refused by MLflow ({error.message})", "choose another name") from error
    return int(version)


def find_registered_models(project: Path, address: str) -> Path:
    """Find the folder of models that a registered version is made from.

    Args:
        project: whose registry.
        address: models:/NAME@ALIAS or models:/NAME/VERSION.

    Raises:
        DataError: there is no such name, alias or version, or what it was made from is not here any more.
    """
    database = (project / STATE_FOLDER / "mlflow.db").absolute()
    if not database.is_file():
        raise DataError(address, f"is not known: {project} has registered no models yet", "give a folder of models")
    client = _open_client(database)
    name, alias, version = _split_address(address)
    try:
        if alias:
            source = client.get_model_version_by_alias(name, alias).source
        else:
            source = client.get_model_version(name, version).source
    except MlflowException as error:
        raise DataError(address, f"is not known ({error.message})", _ADVICE) from error
    url = urlparse(source or "")
    folder = Path(unquote(url.path))
    if url.scheme not in ("", "file") or not folder.is_dir():
        raise DataError(address, f"was made from {source}, which is no folder here", "register it again")
    return folder


def _split_address(address: str) -> tuple[str, str, str]:
    """Name, alias and version; one of the last two is empty."""
    name, at, alias = address.removeprefix(REGISTRY_PREFIX).partition("@")
    version = ""
    if not at:
        name, _, version = name.rpartition("/")
    if not name or not (alias or version):
        raise DataError(address, "names no version of a model", _ADVICE)
    return name, alias, version


def _open_client(database: Path) -> MlflowClient:
    return MlflowClient(f"sqlite:///{database}", f"sqlite:///{database}")


def main(arguments: Sequence[str]) -> int:
    """Register models; returns the exit code."""
    as_written = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("python -m flows.registry", description=__doc__, formatter_class=as_written)
    parser.add_argument("models", type=Path)
    parser.add_argument("name")
    parser.add_argument("alias")
    parser.add_argument("--allow-licence", metavar="LICENCE", nargs="+", action="extend", default=[])
    given = parser.parse_args(arguments)
    name, alias = given.name, given.alias
    try:
        version = register_models(Path.cwd(), given.models, name, alias, given.allow_licence)
    except DataError as error:
        print(f"flows.registry: {error}", file=sys.stderr)
        return EXIT_BAD_INPUT
    print(f"{REGISTRY_PREFIX}{name}@{alias} is version {version}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
