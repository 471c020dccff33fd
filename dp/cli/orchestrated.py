"""Doors to `flows/`, the orchestrators' side of a project, which the library does not know and may not find."""

import importlib
import os
import sys
from pathlib import Path
from types import ModuleType

import dp
from dp.errors import DataError

_ADVICE = "clone the repository, of which flows/ is a part, and pip install 'deep-performer[project]'"


def flows_module(name: str, home: Path) -> ModuleType:
    """A module of `flows/`: that of the folder `home` or, where it has none, the one beside this library.

    Args:
        name: without "flows.".
        home: a project, or another folder; Prefect and MLflow keep their state there.

    Raises:
        DataError: there is no `flows/`, or what it needs is not installed.
    """
    from dp.jobs.environment import orchestrator_environment

    for key, value in orchestrator_environment(home.resolve()).items():
        os.environ.setdefault(key, value)
    for folder in (home.resolve(), Path(dp.__file__).parents[1]):
        if (folder / "flows" / "__init__.py").is_file() and str(folder) not in sys.path:
            sys.path.append(str(folder))
    try:
        return importlib.import_module(f"flows.{name}")
    except ImportError as error:
        raise DataError(f"flows/{name}.py", f"cannot be used here ({error})", _ADVICE) from error
