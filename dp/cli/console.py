"""Print a command's report, as text or as JSON, and notes on the way, which `--quiet` and `--json` leave out."""

import json
import sys
from collections.abc import Mapping
from typing import Any


def report(data: Mapping[str, Any], text: str, quiet: bool, as_json: bool) -> None:
    """Print a command's result on standard output: `data` as JSON, or `text`, or nothing."""
    if as_json:
        print(json.dumps(data, indent=2, ensure_ascii=False))
    elif not quiet:
        print(text)


def note(text: str, quiet: bool) -> None:
    """Tell on standard error how it goes."""
    if not quiet:
        print(text, file=sys.stderr, flush=True)
