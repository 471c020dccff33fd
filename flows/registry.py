"""MLflow's model registry: where the models of a name lie."""

from pathlib import Path
from urllib.parse import unquote, urlparse

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from dp.errors import DataError
from dp.project import STATE_FOLDER

PREFIX = "models:/"
_ADVICE = "name one as models:/NAME@ALIAS or models:/NAME/VERSION"


def registered_models(project: Path, address: str) -> Path:
    """The folder of models that a registered version is made from.

    Args:
        project: whose registry.
        address: models:/NAME@ALIAS or models:/NAME/VERSION.

    Raises:
        DataError: there is no such name, alias or version, or what it was made from is not here any more.
    """
    database = (project / STATE_FOLDER / "mlflow.db").absolute()
    if not database.is_file():
        raise DataError(address, f"is not known: {project} has registered no models yet", "give a folder of models")
    client = MlflowClient(f"sqlite:///{database}", f"sqlite:///{database}")
    name, alias, version = _parts(address)
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


def _parts(address: str) -> tuple[str, str, str]:
    """Name, alias and version; one of the last two is empty."""
    name, at, alias = address.removeprefix(PREFIX).partition("@")
    version = ""
    if not at:
        name, _, version = name.rpartition("/")
    if not name or not (alias or version):
        raise DataError(address, "names no version of a model", _ADVICE)
    return name, alias, version
