"""The tables of the bench: every figure of every system with its interval."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from bench.voices.measure import RECORDING, Measured
from dp.metrics import (
    Estimate,
    Vibrato,
    bootstrap,
    bootstrap_frechet,
    bootstrap_median,
    bootstrap_pairs,
    bootstrap_ratio,
)
from dp.report.tables import format_markdown
from dp.units import FloatArray

MEANS = {
    "log_mel_mse_gain_free": "log-mel MSE, gain-free",
    "difference_variance_ratio": "frame-difference variance, of the recording's",
    "stft_distance": "STFT distance",
    "note_f1_50ms": "note F1, 50 ms",
    "note_f1_100ms": "note F1, 100 ms",
    "attack_low": "rise of attacks, .2-2 kHz, dB per 10 ms",
    "attack_high": "rise of attacks, 2-8 kHz, dB per 10 ms",
    "level": "level: correlation",
    "level_within": "level within notes",
    "level_between": "level between notes",
    "holes": "holes, share of notes",
}
RATIOS = {"attack_low": "rise of attacks, low band, of the recording's", "attack_high": "high band"}
DISTANCES = {"log_mel_mse_gain_free": "log-mel MSE"}
ABSENT = "-"


def format_figures(found: Mapping[str, Measured], peer: str | None) -> str:
    """Format one row a figure and one column a system; `peer` is the system that distances are divided by."""
    rows = [
        [title, *(_tell(_take_mean(system, metric)) for system in found.values())] for metric, title in MEANS.items()
    ]
    reference = found[RECORDING]
    rows += [_compare(found, title, metric, reference, bootstrap_ratio) for metric, title in RATIOS.items()]
    if peer is not None:
        rows += [
            _compare(found, f"{title}, of {peer}'s", metric, found[peer], bootstrap_ratio)
            for metric, title in DISTANCES.items()
        ]
        rows.append(_compare(found, f"note F1, 50 ms, less {peer}'s", "note_f1_50ms", found[peer], bootstrap_pairs))
    rows.append(_compare(found, "clicks beyond the recording's, dB", "clicks_db", reference, bootstrap_pairs))
    rows.append(_compare(found, "note F1, 50 ms, less the recording's", "note_f1_50ms", reference, bootstrap_pairs))
    if all(system.vectors for system in found.values()):
        estimates = [bootstrap_frechet(system.vectors, reference.vectors) for system in found.values()]
        rows.append(["Fréchet distance", *map(_tell, estimates)])
    rows.append(["times real time, one thread", *map(_tell_speed, found.values())])
    rows.append(["clips", *(str(len(system.clips)) for system in found.values())])
    return format_markdown(["", *found], rows)


def format_vibrato(found: Mapping[str, Measured]) -> str:
    """Format one row for every performer and system: long notes that are sure in both the system and the recording."""
    rows = []
    for performer, real in found[RECORDING].vibrato.items():
        for name, system in found.items():
            both = [
                (ours, theirs)
                for ours, theirs in zip(system.vibrato[performer], real, strict=True)
                if ours is not None and theirs is not None
            ]
            rows.append([performer, name, str(len(both)), *_tell_vibrato(both)])
    head = ["performer", "system", "long notes", "depth, cents", "of the recording's", "rate, Hz", "of the recording's"]
    return format_markdown(head, rows)


def _tell_vibrato(both: Sequence[tuple[Vibrato, Vibrato]]) -> list[str]:
    cells = []
    for quantity in ("depth_cent", "rate_hz"):
        ours, theirs = (
            np.array([value for pair in both if np.isfinite(value := getattr(pair[side], quantity))]) for side in (0, 1)
        )
        if len(ours) == 0 or len(theirs) == 0:
            cells += [ABSENT, ABSENT]
            continue
        cells += [_tell(bootstrap_median(ours)), f"{np.median(ours) / np.median(theirs):.2f}"]
    return cells


def _list_values(system: Measured, metric: str) -> FloatArray:
    return np.array([figures[metric] for figures in system.clips])


def _take_mean(system: Measured, metric: str) -> Estimate | None:
    values = _list_values(system, metric)
    values = values[np.isfinite(values)]
    return bootstrap(values) if len(values) else None


def _compare(
    found: Mapping[str, Measured],
    title: str,
    metric: str,
    reference: Measured,
    compare: Callable[[FloatArray, FloatArray], Estimate],
) -> list[str]:
    """Compare all systems with one, on the clips that both have the figure of."""
    cells = []
    for system in found.values():
        ours, theirs = _list_values(system, metric), _list_values(reference, metric)
        both = np.isfinite(ours) & np.isfinite(theirs)
        cells.append(_tell(compare(ours[both], theirs[both]) if both.any() and system is not reference else None))
    return [title, *cells]


def _tell_speed(system: Measured) -> str:
    return f"{system.audio_sec / system.cpu_sec:.0f}" if system.cpu_sec > 0 else ABSENT


def _tell(estimate: Estimate | None) -> str:
    if estimate is None:
        return ABSENT
    return f"{estimate.mean:.2f} ({estimate.low:.2f} to {estimate.high:.2f})"
