from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from dp.config import Config, load_config
from dp.errors import DataError
from dp.presets import SynthesisConfig
from dp.project import name_train_stage
from tests.factories import REPOSITORY


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "params.yaml"
    path.write_text(text)
    return path


def test_params_yaml_equals_the_defaults_used_outside_a_project() -> None:
    config = load_config(REPOSITORY / "params.yaml")
    assert replace(config, presets={}) == Config()


def test_every_model_of_every_preset_has_its_stage() -> None:
    config = load_config(REPOSITORY / "params.yaml")
    stages = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text())["stages"]
    wanted = {name_train_stage(preset, model) for preset, found in config.presets.items() for model in found.models()}
    trained = stages["train"]["foreach"].items()
    assert all(key == f"{item['preset']}-{item['model']}" for key, item in trained)
    assert {f"train@{key}" for key, _ in trained} | {f"voices@{key}" for key in stages["voices"]["foreach"]} == wanted
    assert set(stages["evaluate"]["foreach"]) == set(config.presets)


def test_ablations_differ_from_the_publication_in_one_thing_each() -> None:
    presets = load_config(REPOSITORY / "params.yaml").presets
    published = presets["publication"].synthesis
    assert published == SynthesisConfig()
    for name, change in (
        ("no-note-position", {"note_position": "none"}),
        ("no-performer", {"knows_performer": False}),
        ("piano-roll", {"source": "piano-roll"}),
    ):
        assert presets[name].synthesis == replace(published, dims=replace(published.dims, **change)), name


def test_values_are_read_and_the_rest_keeps_its_default(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, "corpus: {name: folder}\nsplit: {valid_recordings: [a, b], seed: 7}\n"))
    assert (config.corpus.name, config.corpus.root) == ("folder", "data/demo")
    assert config.split.valid_recordings == ("a", "b")
    assert config.mel.frame_rate_hz == 62.5


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("corpus: {nmae: demo}", "unknown key corpus.nmae"),
        ("colour: red", "unknown key colour"),
        ("mel: {hop_sample: fast}", "mel.hop_sample is 'fast', expected int"),
        ("mel: {hop_sample: true}", "mel.hop_sample is True, expected int"),
        ("mel: 3", "mel is 3, expected a mapping"),
        ("align: {max_tuning_cent: 300}", "align.max_tuning_cent is 300.0, expected 0.0 to 250.0"),
        ("align: {min_score_fit: 1.5}", "align.min_score_fit is 1.5, expected 0.0 to 1.0"),
        ("align: {method: magic}", "align.method: 'magic' is no method; choose ours or publication"),
        ("align: {program: 128}", "align.program is 128, expected 0 to 127"),
        ("presets: {a: {timing: {step_count: 0}}}", "presets.a.timing.step_count is 0, expected 1 to 1000000000"),
        (
            "presets: {a: {synthesis: {transpositions: [1, x]}}}",
            "is [1, 'x'], expected a list of integers",
        ),
        ("presets: {a: {synthesis: {dims: {attention: wide}}}}", "dims.attention is 'wide'; choose absolute or local"),
        ("presets: {a: {opera: {}}}", "unknown key presets.a.opera"),
        ("{preset: b, presets: {a: {timing: {}}}}", "preset 'b' is none; choose a"),
        ("presets: [a]", "presets is ['a'], expected a mapping"),
        ("split: {valid_recordings: a}", "expected a list of strings"),
        ("a: [", "is not YAML"),
    ],
)
def test_what_is_wrong_is_named_in_one_line(tmp_path: Path, text: str, part: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(DataError) as caught:
        load_config(path)
    assert str(path) in str(caught.value)
    assert part in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"params\.yaml: cannot be read"):
        load_config(tmp_path / "params.yaml")
