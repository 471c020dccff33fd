"""One score of many: what its audio is called, what its rendering depends on, what became of it."""

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path

from dp.batch.manifest import describe_file, make_relative_path
from dp.errors import DataError
from dp.parallel.outcome import Outcome, attempt
from dp.project import CHECKPOINT_FILE
from dp.render.ensemble import Ensemble, load_any
from dp.render.model_set import ModelSet
from dp.render.outputs import RenderedFiles, render_to_files
from dp.render.packaged import list_model_folders
from dp.render.preparation import check_options
from dp.render_options import OutputOptions, RenderOptions
from dp.store.hashing import compute_file_sha256
from dp.store.renderings import RenderingRow
from dp.version import __version__


@dataclass(frozen=True)
class Request:
    """What is wanted of every score."""

    out: Path
    models: Path | None  # folder of voices, or of a timing, a synthesis and a vocoder model; None = packaged players
    options: RenderOptions
    output: OutputOptions
    suffix: str  # of the audio: .wav, .flac or .ogg
    project: Path | None = None  # where logs are kept; None = see `find_project`, or `out` where there is no project

    @property
    def options_json(self) -> str:
        """All that was asked for, in words that can be compared."""
        asked = {**asdict(self.options), **asdict(self.output), "suffix": self.suffix}
        return json.dumps(asked, sort_keys=True, ensure_ascii=False)


@dataclass(frozen=True)
class RenderJob:
    """One score to render."""

    recording_id: str  # the score's path, as it was given
    score: Path
    audio: Path
    request: Request
    row: RenderingRow  # of the manifest, as far as it is known beforehand


@dataclass(frozen=True)
class Rendered(Outcome):
    """A score that came to sound."""

    row: RenderingRow | None = None


def name_outputs(scores: Sequence[Path], suffix: str) -> list[Path]:
    """Name the audio of each score, relative to the folder of the renderings.

    The way from the scores' common folder is kept, so that a/x.mid and b/x.mid do not meet; the suffix is replaced,
    but where scores of a folder differ in nothing else (x.mid and x.mxl) the new one is put after it (x.mid.wav).
    """
    if not scores:
        return []
    common = _find_common_folder([score.absolute().parent for score in scores])
    whole = [score.absolute().relative_to(common) for score in scores]
    names = [path.with_name(path.stem) for path in whole]
    while True:
        counts = Counter(names)
        longer = [full if counts[name] > 1 else name for name, full in zip(names, whole, strict=True)]
        if longer == names:
            return [name.with_name(name.name + suffix) for name in names]
        names = longer


def compute_model_version(models: Path | None) -> str:
    """Compute one digest for the weights of a folder of models, or of the packaged voices.

    Raises:
        DataError: one is missing or damaged.
    """
    digests = []
    for folder in list_model_folders(models):
        path = folder / CHECKPOINT_FILE
        try:
            digests.append(json.loads(path.read_text(encoding="utf-8"))["weights_sha256"])
        except (FileNotFoundError, NotADirectoryError) as error:
            advice = "make one with `dp train`, or give --model with a folder of models"
            raise DataError(folder, f"holds no model ({CHECKPOINT_FILE} is missing)", advice) from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(path, "does not describe a model", "train it again with `dp train`") from error
    return hashlib.sha256("".join(digests).encode()).hexdigest()


def plan_job(score: Path, name: Path, request: Request, version: str) -> RenderJob:
    """Plan the job of one score; a score that cannot be read fails when it is rendered.

    Args:
        score: its file.
        name: what its audio is called; see `name_outputs`.
        request: what is wanted.
        version: of the models.
    """
    try:
        digest = compute_file_sha256(score)
    except DataError:
        digest = ""
    row = RenderingRow(
        score=make_relative_path(score, request.out),
        score_sha256=digest,
        outcome="failed",
        model_version=version,
        options=request.options_json,
        version=__version__,
    )
    return RenderJob(str(score), score.absolute(), (request.out / name).absolute(), request, row)


def render_files(job: RenderJob) -> RenderedFiles:
    """Render a score with the models of its request.

    Raises:
        DataError: see `dp.render.outputs.render_to_files`.
    """
    models = load_cached_models(job.request.models, job.row.model_version)
    return render_to_files(job.score, job.audio, models, job.request.options, job.request.output)


def render_job(job: RenderJob, render: Callable[[RenderJob], RenderedFiles] = render_files) -> Outcome:
    """Do one job, in whichever process; whatever goes wrong costs this score alone."""

    def work() -> Outcome:
        started_sec = time.perf_counter()
        made = render(job)
        row = replace(
            job.row,
            outcome="done",
            files=tuple(describe_file(path, job.request.out) for path in made.files),
            note_count=made.note_count,
            warnings=made.warnings,
            audio_sec=made.audio_sec,
            render_sec=time.perf_counter() - started_sec,
        )
        return Rendered(job.recording_id, "done", row=row)

    return attempt(job.recording_id, work)


@lru_cache(maxsize=1)
def load_cached_models(folder: Path | None, version: str) -> ModelSet | Ensemble:
    """Load the models of a folder once in a process; a newer version takes the place of the older."""
    return load_any(folder)


def check_models(request: Request) -> None:
    """Refuse what would fail for every score, before any is rendered.

    Raises:
        DataError: a model is missing or damaged, or a performer is unknown to the models.
    """
    check_options(load_cached_models(request.models, compute_model_version(request.models)), request.options)


def make_row(job: RenderJob, outcome: Outcome) -> RenderingRow:
    """Make the manifest's row of a job that was tried."""
    if isinstance(outcome, Rendered) and outcome.row is not None:
        return outcome.row
    return replace(job.row, outcome=outcome.outcome, reason=outcome.reason)


def _find_common_folder(folders: Sequence[Path]) -> Path:
    """Find the deepest folder that holds all of these."""
    first = folders[0]
    return next(up for up in (first, *first.parents) if all(folder.is_relative_to(up) for folder in folders))
