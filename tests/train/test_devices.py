"""One training step of every model on a device that is not there finds what was left on the CPU."""

import json
import subprocess
import sys

import pytest

Told = dict[str, dict[str, dict[str, str] | str]]  # what `tests.train.one_step` prints

MODELS = (
    "timing, ours",
    "timing, publication",
    "synthesis, ours",
    "synthesis, publication",
    "synthesis, piano roll",
    "vocos",
    "hifigan",
    "baseline",
    "voices, bowed",
    "voices, struck",
)
ADVERSARIAL = ("vocos", "hifigan", "baseline")
WITH_BUFFERS = ("synthesis, ours", "voices, bowed", "voices, struck", *ADVERSARIAL)  # of the model or of its loss
COUNTING = tuple(
    name for name in MODELS if name not in ("timing, publication", "vocos", "hifigan")
)  # with torch.arange


def is_mixup(found: dict[str, str] | str) -> bool:
    """Whether it is torch's error about two devices."""
    return isinstance(found, str) and "device" in found and "cpu" in found and "pretended:0" in found


@pytest.fixture(scope="module")
def told() -> Told:
    done = subprocess.run([sys.executable, "-m", "tests.train.one_step"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: Told = json.loads(done.stdout)
    return found


def test_every_model_takes_a_step(told: Told) -> None:
    assert tuple(told) == MODELS


@pytest.mark.parametrize("name", MODELS)
def test_a_step_stays_on_its_device(name: str, told: Told) -> None:
    devices = told[name]["none"]
    assert isinstance(devices, dict), devices
    assert set(devices.values()) == {"pretended:0"}
    assert {"train_loss", "gradient_norm"} <= set(devices)
    assert ("discriminator_loss" in devices) == (name in ADVERSARIAL)


@pytest.mark.parametrize("name", MODELS)
def test_a_batch_that_stays_behind_is_found(name: str, told: Told) -> None:
    assert is_mixup(told[name]["the batch stays"])


@pytest.mark.parametrize("name", MODELS)
def test_buffers_that_stay_behind_are_found(name: str, told: Told) -> None:
    assert is_mixup(told[name]["buffers stay"]) == (name in WITH_BUFFERS)


@pytest.mark.parametrize("name", MODELS)
def test_a_count_that_forgets_the_device_is_found(name: str, told: Told) -> None:
    assert is_mixup(told[name]["counts begin on the CPU"]) == (name in COUNTING)
