"""A changed constant makes stale what depends on it by its imports, and nothing else."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from dp.store.code import find_closure, find_versions
from flows.dependencies import find_dependencies, main, write_dependencies
from flows.dvc import DEPENDENCIES_STAGE
from flows.summary import STAGES
from tests.factories import REPOSITORY

ENTRIES = (
    "ingest",
    "published",
    "align",
    "features",
    "pitch",
)  # what the per-recording cache keeps: dp/stages/*_entry.py
SOUND = ("train.synthesis", "train.vocoder", "train.baseline", "train.voices")
ALL = {"ingest", "align", "features", "pitch", "evaluate", "train.timing", *SOUND}

# File; what stands there, and what stands there instead (None: a constant is added); which digests of code must change,
# and which entries of recordings.
CHANGES = [
    ("types.py", "FULL_PEAK = 0.95", "FULL_PEAK = 0.9", ALL, set(ENTRIES)),
    ("units.py", "CLIP_SEC = 5.0", "CLIP_SEC = 4.0", ALL, set(ENTRIES)),
    ("schema.py", '_make_text("options", ', '_make_text("wishes", ', ALL, set(ENTRIES)),
    ("presets.py", "step_count: int = 14000", "step_count: int = 15000", set(), set()),
    ("config.py", "seed: int = 1", "seed: int = 2", set(), set()),
    ("version.py", '__version__ = "', '__version__ = "9', set(), set()),
    (
        "audio/reading.py",
        "END_SLACK_SEC = 1.0",
        "END_SLACK_SEC = 2.0",
        {"ingest", "align", "features", "pitch", "evaluate", *SOUND},
        {"ingest", "align", "features", "pitch"},
    ),
    ("audio/mel.py", "_BLOCK_FRAMES = 1024", "_BLOCK_FRAMES = 512", {"features", "evaluate", *SOUND}, {"features"}),
    ("align/onsets/refine.py", "_BLOCKED = 20.0", "_BLOCKED = 10.0", {"align"}, {"align"}),
    ("align/onsets/onset_net.npz", None, None, {"align"}, {"align"}),
    ("score/unfold.py", "MAX_NOTE_COUNT = 2_", "MAX_NOTE_COUNT = 3_", {"ingest"}, {"ingest", "published"}),
    ("corpora/folder.py", '"performer"', '"player"', {"ingest"}, set()),
    ("audio/harmonic_sums.py", "_STEP_CENT = 4.0", "_STEP_CENT = 5.0", {"pitch", "evaluate"}, {"pitch"}),
    ("stages/pitch.py", "_DOUBTFUL_SPREAD_CENT = 25.0", "_DOUBTFUL_SPREAD_CENT = 20.0", {"pitch"}, set()),
    ("stages/features.py", "MelConfig()", "MelConfig(floor=1.0)", {"features"}, set()),
    (
        "data/loader.py",
        "HIDDEN_PERFORMER_SHARE = 0",
        "HIDDEN_PERFORMER_SHARE = 1",
        ALL - {"ingest", "align", "features", "pitch"},
        set(),
    ),
    ("models/score_timing.py", None, None, {"train.timing", "evaluate"}, set()),
    ("train/timing.py", "STRETCH_KNEE = 0.2", "STRETCH_KNEE = 0.3", {"train.timing"}, set()),
    ("train/voice_onsets.py", "_PARTIAL_COUNT = 16", "_PARTIAL_COUNT = 8", {"train.voices"}, set()),
    ("train/vocoder.py", "WARMUP_STEP = 20", "WARMUP_STEP = 30", {"train.vocoder", "train.baseline"}, set()),
    ("evaluate/sound.py", "CLIP_LIMIT = 200", "CLIP_LIMIT = 300", {"evaluate"}, set()),
    ("metrics/mels.py", None, None, {"evaluate"}, set()),
    ("evaluate/timing_playing.py", None, None, {"train.timing", "evaluate"}, set()),
    ("report/tables.py", None, None, set(), set()),
    ("render_options.py", "seed: int = 1", "seed: int = 2", set(), set()),
    ("parallel/dask_cluster.py", "WAITING_PER_WORKER = 4", "WAITING_PER_WORKER = 5", set(), set()),
    ("types.py", "FULL_PEAK = 0.95  #", "FULL_PEAK = 0.95  # that is,", set(), set()),
]
SCRIPT = """
import json, sys
from pathlib import Path
from dp.store import code
from flows.dependencies import find_dependencies

def look():
    code.compute_code_digest.cache_clear()
    code._build_graph.cache_clear()
    found = find_dependencies(Path("."))
    entries = {name: code.compute_code_digest(f"dp.stages.{name}_entry") for name in ENTRIES}
    return {**found, "entries": entries}

ENTRIES, changes = json.load(sys.stdin)
seen = [look()]
for name, old, new in changes:
    path = Path("dp") / name
    before = path.read_bytes()
    after = before + b"\\nEXTRA = 1\\n" if old is None else before.replace(old.encode(), new.encode(), 1)
    assert after != before, (name, old)
    path.write_bytes(after)
    seen.append(look())
    path.write_bytes(before)
seen.append(look())
json.dump(seen, sys.stdout)
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code and the pipeline, to change."""
    folder = tmp_path_factory.mktemp("copy")
    for name in ("dp", "flows"):
        shutil.copytree(REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "params.yaml", folder)
    return folder


def changed(before: dict[str, Any], after: dict[str, Any], prefix: str = "") -> set[str]:
    """Names of the values that differ, nested names joined by points."""
    found: set[str] = set()
    for key in before | after:
        old, new = before.get(key), after.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            found |= changed(old, new, f"{prefix}{key}.")
        elif old != new:
            found.add(f"{prefix}{key}")
    return found


def test_a_changed_constant_makes_stale_what_imports_it_and_nothing_else(copy: Path) -> None:
    asked = json.dumps([ENTRIES, [change[:3] for change in CHANGES]])
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    command = [sys.executable, "-B", "-c", SCRIPT]
    done = subprocess.run(command, cwd=copy, env=environment, input=asked, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    first, *seen, last = json.loads(done.stdout)
    found = [(changed(first["code"], now["code"]), changed(first["entries"], now["entries"])) for now in seen]
    for (name, _, new, code, entries), now in zip(CHANGES, found, strict=True):
        assert now == (code, entries), f"{name}: {new}"
    assert last == first  # changed back


def stages_that_depend_on(*names: str) -> set[str]:
    """Stages of dvc.yaml that name one of these values of dependencies.yaml, or a value that holds or is in it."""
    stages, found = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text())["stages"], set()
    for stage, definition in stages.items():
        items = definition.get("foreach", [None])
        for item in items:
            values = items[item] if isinstance(items, dict) else item
            for entry in (definition if item is None else definition["do"]).get("params", []):
                for wanted in entry["dependencies.yaml"]:
                    wanted = wanted.replace("${item}", item or "")
                    for key in ("preset", "model"):
                        wanted = wanted.replace(f"${{item.{key}}}", values[key] if isinstance(values, dict) else "")
                    if any(f"{name}.".startswith(f"{wanted}.") for name in names):
                        found.add(stage if item is None else f"{stage}@{item}")
    return found


EVALUATIONS = {
    "simple-baselines",
    *(
        f"evaluate@{preset}"
        for preset in (
            "ours",
            "publication",
            "no-note-position",
            "no-performer",
            "piano-roll",
            "baseline",
            "sketch",
            "violin",
            "piano",
        )
    ),
}


def test_stages_name_what_they_depend_on() -> None:
    assert stages_that_depend_on("code.evaluate") == EVALUATIONS
    for stage in STAGES:
        assert stages_that_depend_on(f"code.{stage}") == {stage}
    assert stages_that_depend_on("code.train.timing") == {
        f"train@{p}-timing" for p in ("ours", "publication", "sketch")
    }
    assert stages_that_depend_on("params.corpus.root") == {"ingest"}
    trainings = {
        stage for stage in stages_that_depend_on("params.mel.floor") if stage.split("@")[0] in ("train", "voices")
    }
    assert len(trainings) == 15
    assert stages_that_depend_on("params.mel.floor") == {"features", *EVALUATIONS, *trainings}


def test_a_changed_default_makes_stale_the_presets_that_take_it(tmp_path: Path, copy: Path) -> None:
    shutil.copy(REPOSITORY / "params.yaml", tmp_path)
    before = find_dependencies(tmp_path)["params"]
    params = yaml.safe_load((tmp_path / "params.yaml").read_text())
    assert params["presets"]["ours"]["vocoder"] == {}  # all of it is defaults
    assert before["presets"]["ours"]["vocoder"]["step_count"] == 14000

    path = copy / "dp/presets.py"
    source = path.read_text()
    path.write_text(source.replace("step_count: int = 14000", "step_count: int = 15000"))
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    command = [sys.executable, "-m", "flows.dependencies"]
    subprocess.run(command, cwd=copy, env=environment, check=True)
    path.write_text(source)
    after = yaml.safe_load((copy / "dependencies.yaml").read_text())["params"]
    names = changed(json.loads(json.dumps(before)), after)
    assert names == {"presets.ours.vocoder.step_count"}
    assert stages_that_depend_on(*(f"params.{name}" for name in names)) == {"train@ours-vocoder"}


def test_bad_parameters_are_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "params.yaml").write_text("mel: {hop: 3}\n")
    monkeypatch.chdir(tmp_path)
    assert main() == 2
    assert capsys.readouterr().err.splitlines() == [
        f"dependencies: {tmp_path / 'params.yaml'}: unknown key mel.hop; known here: sample_rate_hz, window_sample, "
        "hop_sample, band_count, min_hz, max_hz, floor"
    ]
    assert not (tmp_path / "dependencies.yaml").exists()


def test_every_part_of_the_parameters_is_a_dependency() -> None:
    params = find_dependencies(REPOSITORY)["params"]
    assert sorted(params) == ["align", "corpus", "mel", "presets", "split"]


def test_what_says_the_same_is_left_alone(tmp_path: Path) -> None:
    shutil.copy(REPOSITORY / "params.yaml", tmp_path)
    write_dependencies(tmp_path)
    path = tmp_path / "dependencies.yaml"
    os.utime(path, (1, 1))
    write_dependencies(tmp_path)
    assert path.stat().st_mtime == 1
    text = (tmp_path / "params.yaml").read_text()
    (tmp_path / "params.yaml").write_text(text.replace("  - ", "  -  ") + "\n# a comment\n")
    write_dependencies(tmp_path)
    assert path.stat().st_mtime == 1  # the text of params.yaml does not count
    (tmp_path / "params.yaml").write_text(text.replace("seed: 1", "seed: 2"))
    write_dependencies(tmp_path)
    assert yaml.safe_load(path.read_text())["params"]["split"]["seed"] == 2


def test_versions_that_decide_a_result_count() -> None:
    assert {"numpy", "soundfile", "soxr", "librosa", "numba", "scipy"} <= set(find_versions("dp.stages.align_entry"))
    assert " " in find_versions("dp.stages.features_entry")["soundfile"]  # libsndfile's own
    assert "torch" in find_versions("dp.train.timing")
    assert not {"pyarrow", "pandas"} & set(find_versions("dp.stages.align_entry"))  # they hold what others decide


def test_a_module_that_is_not_there_is_named() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"no module dp\.nowhere"):
        find_closure("dp.nowhere")


def test_dvc_knows_the_stage_that_is_always_stale() -> None:
    stages = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text())["stages"]
    assert [name for name, stage in stages.items() if stage.get("always_changed")] == [DEPENDENCIES_STAGE]
