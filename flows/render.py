"""Render scores with trained models: one audio file each, and a manifest of all.

    python -m flows.render SCORES OUT [PERFORMER]

in the project folder renders what is not finished yet; a score that fails costs only itself, and the exit code is then
1. Beside a running server (`mkdir -p .dp/prefect; PREFECT_HOME=.dp/prefect prefect server start`)

    PREFECT_API_URL=http://127.0.0.1:4200/api python -m flows.render SCORES OUT --cron "0 3 * * *"

does it every night at three, for as long as it runs. SCORES is a folder, searched with what is in it, a pattern or a
file.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from dp.batch.find_scores import find_scores
from dp.batch.job import Request
from dp.batch.run import render_batch
from dp.errors import EXIT_BAD_INPUT, DataError
from dp.parallel.run_log import keep_traceback
from dp.project import find_logs_folder, find_rendering_models
from dp.render_options import OutputOptions, RenderOptions, check_bounds
from dp.stages.environment import SERVER_VARIABLE

STAGE = "render"


@task(name="render scores")
def render_scores(
    scores: str, out: Path, models: Path | None, options: RenderOptions, output: OutputOptions, suffix: str, quiet: bool
) -> int:
    """Render what is not finished; returns the exit code."""
    chosen = models if models is not None else find_rendering_models(Path.cwd())
    check_bounds(options)
    check_bounds(output)
    request = Request(out.absolute(), chosen.absolute(), options, output, suffix)
    return render_batch(find_scores([scores], out), request, quiet=quiet)


@flow(name="render", validate_parameters=False)
def render(
    scores: str,
    out: str,
    models: str | None = None,
    options: dict[str, Any] | None = None,
    output: dict[str, Any] | None = None,
    suffix: str = ".wav",
    quiet: bool = False,
) -> State[Any]:
    """Render scores to audio files.

    Args:
        scores: a folder, a pattern or a file.
        out: folder for the audio and `manifest.parquet`.
        models: folder of models; None = the project's latest.
        options: fields of dp.render.RenderOptions.
        output: fields of dp.render.OutputOptions.
        suffix: of the audio: .wav, .flac or .ogg.
        quiet: show errors only.
    """
    asked = dict(options or {})
    asked["performers"] = tuple((name, float(weight)) for name, weight in asked.get("performers", ()))
    asked["parts"] = tuple(asked.get("parts", ()))
    asked["instruments"] = tuple((part, str(name)) for part, name in asked.get("instruments", ()))
    asked["pans"] = tuple((part, float(pan)) for part, pan in asked.get("pans", ()))
    chosen = None if models is None else Path(models)
    code = render_scores(
        scores, Path(out), chosen, RenderOptions(**asked), OutputOptions(**(output or {})), suffix, quiet
    )
    if code:
        return Failed(message=f"some scores could not be rendered: see {out}/manifest.parquet")
    return Completed(message=f"all scores are rendered: see {out}/manifest.parquet")


def main(arguments: Sequence[str]) -> int:
    """Run the flow, or serve it on a schedule until interrupted; returns the exit code."""
    parser = argparse.ArgumentParser("python -m flows.render", description=__doc__, add_help=False)
    parser.add_argument("scores")
    parser.add_argument("out")
    parser.add_argument("performer", nargs="?")
    parser.add_argument("--cron")
    given = parser.parse_args(arguments)
    performers = [[given.performer, 1.0]] if given.performer else []
    parameters: dict[str, Any] = {"scores": given.scores, "out": given.out, "options": {"performers": performers}}
    if given.cron is not None:
        if SERVER_VARIABLE not in os.environ:
            parser.error(f"--cron needs a Prefect server: set {SERVER_VARIABLE}")
        render.serve(name="render", cron=given.cron, parameters=parameters, limit=1, pause_on_shutdown=True)
        return 0
    state: Any = render(**parameters, return_state=True)
    error = state.result(raise_on_failure=False)
    print(f"{STAGE}: {_line(error, state.message)}", file=sys.stderr)
    if isinstance(error, DataError):
        return EXIT_BAD_INPUT
    return 0 if state.is_completed() else 1


def _line(error: object, message: str) -> str:
    """Say in one line how it ended: bad input, an unexpected error, whose traceback is kept, or the summary."""
    if isinstance(error, DataError):
        return str(error)
    if isinstance(error, Exception):
        return keep_traceback(find_logs_folder(None, Path.cwd()), STAGE, error)
    return message


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
