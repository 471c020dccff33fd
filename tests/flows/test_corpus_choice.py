"""Which corpus a project is built from; finding the project."""

from pathlib import Path

import pytest

from dp.config import Config, CorpusConfig, SplitConfig
from dp.errors import DataError
from dp.project import find_project
from flows.corpus_choice import check_corpus, choose_config, write_corpus
from tests.factories import melody_pair

PARAMS = """\
# what a run depends on
corpus:
  name: demo   # bach-violin, folder or demo
  root: data/demo
split:
  seed: 7 # lucky
preset: a
presets:
  a:
    timing: &short {step_count: 3, seed: 1}
  b:
    timing: {<<: *short, seed: 2}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "params.yaml").write_text(PARAMS)
    (folder / "dvc.yaml").write_text("stages: {}\n")
    (tmp_path / "corpus").mkdir()
    melody_pair(tmp_path / "corpus")
    return folder


def test_the_project_is_the_nearest_folder_with_params(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = project / "data" / "x"
    inside.mkdir(parents=True)
    monkeypatch.chdir(inside)
    assert find_project() == project.resolve()
    assert find_project(Path("../..")) == project.resolve()
    with pytest.raises(DataError, match=r"has no params\.yaml; give a project folder"):
        find_project(inside)
    monkeypatch.chdir(project.parent)
    with pytest.raises(DataError, match=r"is not inside a project: no params\.yaml here or above"):
        find_project()


def test_the_corpus_is_kept_in_params_and_comments_stay(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.parent)
    config = choose_config(project, "folder", "corpus")
    assert (config.corpus, config.split.seed) == (CorpusConfig("folder", "../corpus"), 7)
    assert (project / "params.yaml").read_text() == PARAMS
    check_corpus(project, config)
    write_corpus(project, config)
    expected = PARAMS.replace("name: demo ", "name: folder ").replace("root: data/demo", "root: ../corpus")
    written = (project / "params.yaml").read_text()
    assert [line.split() for line in written.splitlines()] == [line.split() for line in expected.splitlines()]


def test_params_that_say_the_same_are_not_written(project: Path) -> None:
    (project / "params.yaml").chmod(0o444)
    before = (project / "params.yaml").stat()
    write_corpus(project, choose_config(project, None, None))
    after = (project / "params.yaml").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_an_absolute_root_stays_absolute(project: Path) -> None:
    root = str(project.parent / "corpus")
    assert choose_config(project, "folder", root).corpus.root == root


def test_another_corpus_needs_its_folder_but_the_demo_has_one(project: Path) -> None:
    with pytest.raises(DataError, match="--corpus: folder needs its folder; give --root"):
        choose_config(project, "folder", None)
    write_corpus(project, Config(corpus=CorpusConfig("folder", "../corpus")))
    assert choose_config(project, "demo", None).corpus == CorpusConfig("demo", "data/demo")
    assert choose_config(project, None, None).corpus == CorpusConfig("folder", "../corpus")


def test_a_folder_without_a_pipeline_is_no_project(project: Path) -> None:
    (project / "dvc.yaml").unlink()
    with pytest.raises(DataError, match=r"has no dvc\.yaml"):
        choose_config(project, None, None)


@pytest.mark.parametrize(
    ("corpus", "message"),
    [
        (CorpusConfig("folder", "../nowhere"), "nowhere"),
        (CorpusConfig("no-such", "../corpus"), "no-such"),
        (CorpusConfig("folder", ".."), "holds the project itself"),
        (CorpusConfig("bach-violin", "../corpus"), "corpus"),
    ],
)
def test_a_corpus_that_cannot_be_used_is_refused(project: Path, corpus: CorpusConfig, message: str) -> None:
    with pytest.raises(DataError, match=message):
        check_corpus(project, Config(corpus=corpus))


def test_a_recording_to_hold_out_must_be_in_the_corpus(project: Path) -> None:
    corpus = CorpusConfig("folder", "../corpus")
    check_corpus(project, Config(corpus=corpus, split=SplitConfig(valid_recordings=("melody-wav",))))
    with pytest.raises(DataError, match=r"split\.valid_recordings: no recording melody"):
        check_corpus(project, Config(corpus=corpus, split=SplitConfig(valid_recordings=("melody",))))
