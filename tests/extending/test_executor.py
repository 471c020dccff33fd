"""An executor is added as docs/extending.md says, and does the jobs of a stage and the scores of a batch."""

import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from dp.batch.job import Request
from dp.batch.run import render_all
from dp.errors import DataError
from dp.parallel.executor import Executor, J, run_jobs
from dp.parallel.outcome import Outcome, attempt
from dp.render_options import OutputOptions, RenderOptions
from tests.extending.pages import missing_files
from tests.factories import melody_xml
from tests.render import untrained


@dataclass(frozen=True)
class ThreadExecutor:
    """Does jobs in threads of this process."""

    thread_count: int

    def run(self, work: Callable[[J], Outcome], jobs: Sequence[J]) -> Generator[Outcome, None, None]:
        """See `Executor`."""
        with ThreadPoolExecutor(self.thread_count, thread_name_prefix="tiny") as pool:
            for future in as_completed([pool.submit(work, job) for job in jobs]):
                yield future.result()


EXECUTOR: Executor = ThreadExecutor(2)


@dataclass(frozen=True)
class TinyJob:
    recording_id: str


def work(job: TinyJob) -> Outcome:
    def do() -> Outcome:
        if job.recording_id == "bad":
            raise DataError("bad", "is bad")
        return Outcome(job.recording_id, "done", threading.current_thread().name.partition("_")[0])

    return attempt(job.recording_id, do)


def test_a_new_executor_does_the_jobs_of_a_stage() -> None:
    outcomes = run_jobs("tiny", work, [TinyJob("one"), TinyJob("bad"), TinyJob("two")], EXECUTOR)
    assert sorted((row.recording_id, row.outcome, row.reason) for row in outcomes) == [
        ("bad", "failed", "bad: is bad"),
        ("one", "done", "tiny"),
        ("two", "done", "tiny"),
    ]


def test_a_new_executor_renders_a_batch(tmp_path: Path) -> None:
    scores = [tmp_path / "one.musicxml", tmp_path / "two.musicxml"]
    for score in scores:
        score.write_bytes(melody_xml((60, 64)))
    models = untrained.save(untrained.model_set(), tmp_path / "models")
    output = OutputOptions(extras=False)
    request = Request(tmp_path / "out", models, RenderOptions(), output, ".wav")
    assert render_all(scores, request, EXECUTOR, quiet=True) == 0
    assert sorted(path.name for path in (tmp_path / "out").glob("*.wav")) == ["one.wav", "two.wav"]


def test_the_files_of_the_checklist_exist() -> None:
    assert missing_files("An executor") == []
