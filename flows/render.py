"""Render: every score of a folder performed by the project's models, one audio file each.

`python -m flows.render SCORES OUT [PERFORMER]` in the project folder. A score that fails costs only itself; the exit
code is then 1.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from dp.errors import DataError
from dp.jobs.outcome import Outcome, attempt, summary_line
from dp.jobs.summary import FAILURES
from dp.project import rendering_models
from flows.cluster import run_jobs

STAGE = "render"
SCORE_SUFFIXES = (".musicxml", ".mxl", ".xml", ".mid", ".midi")


@dataclass(frozen=True)
class RenderJob:
    """One score to render."""

    score: Path
    out: Path
    models: Path
    performer: str | None

    @property
    def recording_id(self) -> str:
        """Whose job it is."""
        return self.score.name


def render_score(job: RenderJob) -> Outcome:
    """Render one score."""
    return attempt(job.recording_id, lambda: _render(job))


@task(name="render scores")
def render_scores(scores: Path, out: Path, models: Path, performer: str | None) -> list[Outcome]:
    """Render every score of a folder."""
    found = sorted(path for path in scores.glob("*") if path.suffix.lower() in SCORE_SUFFIXES)
    if not found:
        raise DataError(scores, "holds no scores", f"give a folder with {', '.join(SCORE_SUFFIXES)}")
    out.mkdir(parents=True, exist_ok=True)
    jobs = [RenderJob(score.absolute(), (out / f"{score.name}.wav").absolute(), models, performer) for score in found]
    return run_jobs(STAGE, render_score, jobs)


@flow(name="render")
def render(scores: str, out: str, models: str, performer: str | None = None) -> State[Any]:
    """Scores to audio files."""
    outcomes = render_scores(Path(scores), Path(out), Path(models), performer)
    failed = any(outcome.outcome in FAILURES for outcome in outcomes)
    message = summary_line(STAGE, outcomes)
    return Failed(message=message) if failed else Completed(message=message)


def main(arguments: Sequence[str]) -> int:
    """Run the flow; returns the exit code."""
    if len(arguments) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 2
    state: Any = render(*arguments[:2], str(rendering_models(Path.cwd())), *arguments[2:], return_state=True)
    print(state.message, file=sys.stderr)
    return 0 if state.is_completed() else 1


def _render(job: RenderJob) -> Outcome:
    from dp.render import OutputOptions, RenderOptions, load_models
    from dp.render.outputs import render_to_files

    options = RenderOptions(performers=((job.performer, 1.0),) if job.performer else ())
    render_to_files(job.score, job.out, load_models(job.models), options, OutputOptions())
    return Outcome(job.recording_id, "done")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
