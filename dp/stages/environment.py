"""Stage processes get their environment here: state inside the project, no telemetry, no network."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from dp.parallel.environment import LOOPBACK
from dp.project import STATE_FOLDER

RUN_VARIABLE = "DP_RUN_ID"
OWNER_VARIABLE = "DP_OWNER_PID"
DEVICE_VARIABLE = "DP_DEVICE"
RESUME_VARIABLE = "DP_RESUME"
SERVER_VARIABLE = "PREFECT_API_URL"


def make_orchestrator_environment(project: Path) -> dict[str, str]:
    """Make the variables that must be set before prefect or mlflow is imported."""
    return {
        "PREFECT_HOME": str(project / STATE_FOLDER / "prefect"),
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_LOGGING_LEVEL": "WARNING",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "DVC_NO_ANALYTICS": "1",
    }


def make_command_environment(project: Path, extra: Mapping[str, str]) -> dict[str, str]:
    """Make the environment of DVC and the stages below it: this interpreter, this `dp`, and `extra`."""
    environment = {**os.environ, **make_orchestrator_environment(project), **extra}
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    library = str(Path(__file__).parents[2])
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [library, os.environ.get("PYTHONPATH")]))
    for name in ("NO_PROXY", "no_proxy"):
        environment[name] = ",".join(filter(None, [os.environ.get(name), LOOPBACK, "localhost"]))
    return environment
