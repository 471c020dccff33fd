"""`dp rebuild`, `dp train`, `dp evaluate`: bring stages of a project up to date."""

import json
from pathlib import Path
from typing import Any

from dp.cli.output import note, report
from dp.errors import DataError
