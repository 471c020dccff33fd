"""Open `flows/`, the orchestrators' side of a project, which comes with the repository and not with the library."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dp.errors import DataError
from dp.stages.environment import make_orchestrator_environment

_ADVICE = "clone the repository, of which flows/ is a part, and pip install 'deep-performer[project]'"


@contextmanager
def open_flows(home: Path) -> Iterator[None]:
    """Let the block import from `flows`: that of the folder `home` or, where it has none, the one beside this library.

    Prefect and MLflow read their settings as they are imported, so whatever imports `flows` does so in such a block.

    Args:
        home: a project, or another folder; Prefect and MLflow keep their state there.

    Raises:
        DataError: there is no `flows/`, or what it needs is not installed.
    """
    for key, value in make_orchestrator_environment(home.resolve()).items():
        os.environ.setdefault(key, value)
    for folder in (home.resolve(), Path(__file__).parents[2]):
        if (folder / "flows" / "__init__.py").is_file() and str(folder) not in sys.path:
            sys.path.append(str(folder))
    try:
        yield
    except ImportError as error:
        raise DataError("flows/", f"cannot be used here ({error})", _ADVICE) from error
