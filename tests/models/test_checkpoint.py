import json
from pathlib import Path

import pytest
import torch

from dp.config import MelConfig
from dp.errors import DataError
from dp.licences import list_licences
from dp.models.checkpoint import CONFIG_FILE, Checkpoint, load_checkpoint, save_checkpoint
from dp.models.synthesis import SynthesisModel
from dp.models.timing import TimingDims, TimingModel
from dp.project import CHECKPOINT_FILE
from dp.types import Source

MEL = MelConfig()
SOURCES = (Source("a", "ann", "CC BY 4.0"), Source("b", "bo", "unknown"))
DIMS = TimingDims(performer_count=2, width=8, head_count=2, encoder_layer_count=1, feed_forward_width=8)


@pytest.fixture
def checkpoint() -> Checkpoint[TimingModel]:
    return Checkpoint(TimingModel(DIMS), MEL, 7, ("ann", "bo"), {"seed": 1}, "demo", trained_on=SOURCES)


@pytest.fixture
def folder(tmp_path: Path, checkpoint: Checkpoint[TimingModel]) -> Path:
    save_checkpoint(checkpoint, tmp_path / "models" / "timing")
    return tmp_path / "models" / "timing"


def test_round_trip(folder: Path, checkpoint: Checkpoint[TimingModel]) -> None:
    found = load_checkpoint(folder, [TimingModel], MEL)
    assert json.loads((folder / CONFIG_FILE).read_text())["trained_on"] == [
        {"recording_id": "a", "performer": "ann", "licence": "CC BY 4.0"},
        {"recording_id": "b", "performer": "bo", "licence": "unknown"},
    ]
    assert (found.mel, found.step, found.train, found.data_note) == (MEL, 7, {"seed": 1}, "demo")
    assert found.trained_on == SOURCES
    assert [found.find_performer_index(name) for name in ("ann", "bo", "cy", None)] == [1, 2, 0, 0]
    assert not found.model.training
    for name, value in checkpoint.model.state_dict().items():
        assert torch.equal(found.model.state_dict()[name], value), name
    assert [path.name for path in folder.parent.iterdir()] == ["timing"]


def test_an_older_one_does_not_say_what_it_learned_from(folder: Path) -> None:
    path = folder / CONFIG_FILE
    config = json.loads(path.read_text())
    del config["trained_on"]
    path.write_text(json.dumps(config))
    found = load_checkpoint(folder, [TimingModel], MEL)
    assert (found.step, found.trained_on) == (7, ())
    assert list_licences(found.trained_on) == ("unknown",)


def test_a_newer_one_takes_the_older_ones_place(folder: Path) -> None:
    save_checkpoint(Checkpoint(TimingModel(DIMS), MEL, 8), folder)
    assert load_checkpoint(folder, [TimingModel]).step == 8
    assert [path.name for path in folder.parent.iterdir()] == ["timing"]


def test_a_full_disk_leaves_the_older_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_text", full)
    with pytest.raises(OSError, match="No space left"):
        save_checkpoint(Checkpoint(TimingModel(DIMS), MEL, 8), folder)
    monkeypatch.undo()
    assert load_checkpoint(folder, [TimingModel]).step == 7
    assert [path.name for path in folder.parent.iterdir()] == ["timing"]


def test_missing_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"config.json is missing.*dp train"):
        load_checkpoint(tmp_path / "timing", [TimingModel])


def test_another_kind(folder: Path) -> None:
    with pytest.raises(DataError, match="holds a timing model, expected synthesis"):
        load_checkpoint(folder, [SynthesisModel])


def test_another_mel(folder: Path) -> None:
    with pytest.raises(DataError, match="another log-mel: hop_sample 256 where 200 is wanted"):
        load_checkpoint(folder, [TimingModel], MelConfig(hop_sample=200))


def change_config(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dims": {"breadth": 3}}, "does not describe a timing model.*breadth"),
        ({"mel": {"hop": 3}}, "does not describe a timing model.*hop"),
        ({"trained_on": [{"recording": "a"}]}, "does not describe a timing model.*recording"),
        ({"trained_on": "a"}, "does not describe a timing model"),
        ({"dims": {"width": 16}}, "does not fit config.json"),
    ],
)
def test_a_config_that_fits_nothing(folder: Path, changes: dict[str, object], message: str) -> None:
    change_config(folder, **changes)
    with pytest.raises(DataError, match=message):
        load_checkpoint(folder, [TimingModel])


def test_config_that_is_not_json(folder: Path) -> None:
    (folder / "config.json").write_text("{")
    with pytest.raises(DataError, match="is not JSON"):
        load_checkpoint(folder, [TimingModel])


def test_damaged_weights(folder: Path) -> None:
    path = folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match="checksum"):
        load_checkpoint(folder, [TimingModel])
    path.unlink()
    with pytest.raises(DataError, match="is missing"):
        load_checkpoint(folder, [TimingModel])


def test_weights_that_are_not_finite(tmp_path: Path) -> None:
    model = TimingModel(DIMS)
    next(model.parameters()).data[0] = float("nan")
    save_checkpoint(Checkpoint(model, MEL, 1), tmp_path / "timing")
    with pytest.raises(DataError, match="not finite"):
        load_checkpoint(tmp_path / "timing", [TimingModel])


def test_projects_know_a_checkpoint_by_its_config() -> None:
    assert CHECKPOINT_FILE == CONFIG_FILE
