import pytest
import torch

from dp.errors import DataError
from dp.train.loop import deterministic, fit, noam_rate
from dp.train.losses import masked_mse
from dp.train.vocoder import cosine_rate


class Batch:
    def __init__(self, value):
        self.value = torch.tensor(value)
        self.clip_ids = ("a/1", "b/2")


def run(values, step_count=None):
    model = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.ones_(model.weight)
    logged = []
    fit(
        model,
        (Batch(value) for value in values),
        lambda batch: (model.weight * batch.value).sum() ** 2,
        torch.optim.SGD(model.parameters()),
        lambda step: 0.01 * step,
        step_count or len(values),
        lambda: {"valid_loss": 2.0},
        lambda metrics, step: logged.append((step, metrics)),
    )
    return model, logged


def test_noam_rate_rises_to_the_warmup_then_falls_with_the_root():
    assert noam_rate(100, 64, 100, 1.0) == pytest.approx(0.125 * 0.1)
    assert noam_rate(50, 64, 100, 1.0) == pytest.approx(0.125 * 0.05)
    assert noam_rate(400, 64, 100, 2.0) == pytest.approx(0.125 * 0.1)


def test_cosine_rate():
    assert cosine_rate(10, 1000, 1.0) == pytest.approx(0.5, abs=1e-3)
    assert cosine_rate(500, 1000, 1.0) == pytest.approx(0.55)
    assert cosine_rate(1000, 1000, 1.0) == pytest.approx(0.1)


def test_what_is_logged_and_when():
    model, logged = run([0.1] * 25)
    assert [step for step, metrics in logged if "train_loss" in metrics] == [10, 20, 25]
    assert [step for step, metrics in logged if "valid_loss" in metrics] == [5, 10, 15, 20, 25]
    rates = [metrics["learning_rate"] for _, metrics in logged if "learning_rate" in metrics]
    assert rates == [0.1, 0.2, 0.25]
    assert not model.training


def test_gradients_are_clipped():
    model, _ = run([1000.0])
    assert model.weight.item() == pytest.approx(1.0 - 0.01)  # rate .01 times a gradient of norm 1


def test_nan_names_the_step_and_the_clips():
    with pytest.raises(DataError, match="training step 3: loss nan, gradient norm nan on the clips a/1, b/2;"):
        run([0.1, 0.1, float("nan"), 0.1])


def test_masked_mse_counts_what_is_valid():
    predicted, true = torch.tensor([[1.0, 5.0]]), torch.tensor([[3.0, 9.0]])
    assert float(masked_mse(predicted, true, torch.tensor([[True, False]]))) == 4.0
    both = torch.ones(1, 2, 3)
    assert float(masked_mse(both, 0 * both, torch.tensor([[[True], [False]]]))) == 1.0


def test_deterministic_leaves_torch_as_it_was():
    torch.manual_seed(5)
    threads = torch.get_num_threads()
    with deterministic(1, 1):
        first = torch.rand(1)
    with deterministic(1, 1):
        assert torch.equal(torch.rand(1), first)
    after = torch.rand(1)
    torch.manual_seed(5)
    assert torch.equal(torch.rand(1), after)
    assert torch.get_num_threads() == threads
