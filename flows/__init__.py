"""Thin Prefect flows, one per stage; DVC runs them as `python -m flows.NAME` in the project folder.

Prefect and MLflow read their settings when they are imported, so these must stand before any module here imports
them: the one thing this package does at import. What is set already, by `dp rebuild` for example, stays.
"""

import os
from pathlib import Path

from dp.stages.environment import make_orchestrator_environment

for _name, _value in make_orchestrator_environment(Path.cwd()).items():
    os.environ.setdefault(_name, _value)
