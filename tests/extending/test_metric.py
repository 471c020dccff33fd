"""A metric of sound is added as docs/extending.md says, and evaluation has it in its results."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dp.data.clips import Clip, SoundingNotes
from dp.evaluate.clip_metrics import FRECHET
from dp.evaluate.results import publish_metrics, read_results
from dp.evaluate.sound import measure_systems
from dp.evaluate.sound_metrics import METRICS, NO_VALUE, MadeSound, Metric
from dp.evaluate.systems import EvaluationClip, System, make_mean_spectrum_system, make_recording_system
from dp.report import tables
from tests.extending.pages import missing_files
from tests.train import tiny


def measure_peak_ratio(made: MadeSound) -> float:
    """The largest sample of what was made, as a share of the clip's."""
    return NO_VALUE if made.samples is None else float(np.abs(made.samples).max() / np.abs(made.clip.samples).max())


METRIC: Metric = measure_peak_ratio
SILENCE = np.zeros(0, dtype=np.int64)
CLIP = EvaluationClip(
    Clip("r/0", "r", "violin", "ann", 0, 125, True, False),
    SoundingNotes(SILENCE, SILENCE, SILENCE, SILENCE, 100.0),
    np.random.default_rng(0).normal(size=(125, 20)).astype(np.float32),
    (0.1 * np.random.default_rng(0).normal(size=125 * 256)).astype(np.float32),
)


def test_a_new_metric_is_in_the_results_of_every_system_that_it_can_measure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(METRICS, "peak_ratio", METRIC)
    monkeypatch.setitem(tables.SOUND_METRICS, "peak_ratio", "peak")
    systems = {
        "recording": make_recording_system(),
        "half": replace(make_recording_system(), samples_of=lambda clip: clip.samples * np.float32(0.5)),
        "mel-only": make_mean_spectrum_system(),
    }
    publish_metrics(tmp_path, "tiny", measure_systems([CLIP], systems, tiny.MEL), {})
    results = read_results(tmp_path, ["tiny"])
    found = results["violin"]["clip"]
    assert found["recording"]["peak_ratio"]["mean"] == 1.0
    assert found["half"]["peak_ratio"] == {"mean": 0.5, "low": 0.5, "high": 0.5, "n": 1}
    assert "peak_ratio" not in found["mel-only"]
    assert "| peak |" in tables.format_evaluation_report(results)


def test_the_metrics_that_there_are_keep_their_names_and_order() -> None:
    notes = [f"note_{share}_{ms}ms" for ms in (50, 100) for share in ("precision", "recall", "f1")]
    sound = ["log_mel_mse", "log_mel_mse_gain_free", "difference_variance_ratio", "stft_distance"]
    levels = ["level_correlation", "level_correlation_within", "level_correlation_between"]
    attacks, vibrato = ["attack_low_ratio", "attack_high_ratio"], ["vibrato_depth_cent", "vibrato_rate_hz"]
    assert list(METRICS) == [*sound, *notes, *attacks, *levels, *vibrato, "hole_share", "click_excess_db"]
    assert set(tables.SOUND_METRICS) <= set(METRICS) | {FRECHET}  # which is of all clips together
    assert set(tables.NATURALNESS_METRICS) <= set(METRICS)


def test_a_system_without_a_waveform_has_the_metrics_of_the_log_mel_alone() -> None:
    (row,) = measure_systems([CLIP], {"s": System(log_mel_of=lambda clip: clip.log_mel)}, tiny.MEL)
    assert list(row.metrics["s"]) == ["log_mel_mse", "log_mel_mse_gain_free", "difference_variance_ratio"]


def test_the_files_of_the_checklist_exist() -> None:
    assert missing_files("A metric") == []
