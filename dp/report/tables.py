"""This module formats evaluation results as Markdown tables, the publication's values beside ours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dp.metrics import Results
from dp.metrics.waveforms import FFT_SAMPLES

INSTRUMENTS = ("violin", "piano")
SPLITS = {
    "clip": "clips held out (the publication's protocol)",
    "recording": "whole recordings held out",
    "movement": "recordings of movements of which nothing was learned",
}
ABSENT = "-"
RECORDING = "recording"  # the system that is the truth itself: it has no error to show beside the others'


@dataclass(frozen=True)
class PublishedRow:
    """A row of the publication's Table 2: mean squared error of the log-mel."""

    title: str
    system: str  # our name of it, a preset
    mse: Mapping[str, float]  # by instrument


TABLE_2 = (
    PublishedRow("HiFi-GAN baseline", "baseline", {"violin": 0.892, "piano": 0.722}),
    PublishedRow("Deep Performer", "publication", {"violin": 0.700, "piano": 0.436}),
    PublishedRow("- without note-wise positional encoding", "no-note-position", {"violin": 0.700, "piano": 0.433}),
    PublishedRow("- without performer embedding", "no-performer", {"violin": 1.030, "piano": 0.523}),
    PublishedRow("- without encoder (piano roll)", "piano-roll", {"violin": 0.844, "piano": 0.621}),
)
SOUND_METRICS = {
    "log_mel_mse_gain_free": "log-mel MSE, gain-free",
    "difference_variance_ratio": "frame-difference variance",
    "stft_distance": "STFT distance",
    "note_f1_50ms": "note F1, 50 ms",
    "note_f1_100ms": "note F1, 100 ms",
    "frechet_distance": "Fréchet distance",
}
NATURALNESS_METRICS = {
    "attack_low_ratio": "rise of attacks, .2-2 kHz",
    "attack_high_ratio": "2-8 kHz",
    "level_correlation": "level",
    "level_correlation_within": "within notes",
    "level_correlation_between": "between notes",
    "vibrato_depth_cent": "vibrato, cents",
    "vibrato_rate_hz": "Hz",
    "hole_share": "holes",
    "click_excess_db": "clicks, dB",
}
TIMING_METRICS = {
    f"{what}_{figure}": f"{what} {heading}"
    for what in ("onset", "interval", "duration")
    for figure, heading in (("mse_frame2", "MSE (frames²)"), ("rmse_frame", "RMSE (frames)"))
}
SOUND_NOTE = f"""\
Means over clips with 95 % bootstrap intervals. Log-mel MSE: against the clip at the level that the system was trained
at; gain-free: the best constant offset removed. Frame-difference variance: of the log-mel, as a share of the real
one's; below 1 is over-smooth. STFT distance: spectral convergence and log magnitude, windows of
{", ".join(map(str, FFT_SAMPLES))} samples. Note F1: what a transcriber (basic-pitch) hears in the sound against the
notes of the score; the real recording's own is the measure, though a sound without bow and room may exceed it. Fréchet
distance: of embeddings of seconds (inner layers of basic-pitch), all clips together, from the real ones; it is larger
where there are fewer clips, and knows which notes sound better than how natural they are."""

NATURALNESS_NOTE = """\
Rise of attacks: the steepest within 45 ms of an onset, as a share of the real one's. Level: correlation of levels in dB
(50 ms) with the real ones. Vibrato: of notes of .35 s and more whose pitch is sure; its depth to either side. The real
recording's own vibrato is the measure. Holes: share of notes more than 15 dB below their neighbours. Clicks: by how
much more than in the real recording the sound departs at onsets from what its past foretells."""

PerformerTests = Mapping[str, Mapping[str, Mapping[str, Any]]]  # {preset: {"tempo" or "articulation": a PerformerTest}}
PERFORMER_NOTE = """\
Correlation of what the model plays as a performer with recordings of that performer, and with those of the others;
whole recordings held out. p: share of permutations of the performers in which the own one has as large an advantage."""


def format_evaluation_report(results: Results, tests: PerformerTests | None = None) -> str:
    """Format all tables as one Markdown page.

    Args:
        results: of all presets.
        tests: of those that have a timing model, whether it knows its performers apart.
    """
    parts = ["# Evaluation", "", SOUND_NOTE, "", NATURALNESS_NOTE]
    for split, meaning in SPLITS.items():
        tables = {
            "Log-mel MSE": format_table_2(results, split) if _find_systems(results, split, "log_mel_mse") else "",
            "Further metrics": format_metrics_table(results, split, SOUND_METRICS),
            "How natural it sounds": format_metrics_table(results, split, NATURALNESS_METRICS),
            "Differences on the same clips": format_metrics_table(results, split, _name_differences(results, split)),
            "Timing": format_metrics_table(results, split, TIMING_METRICS),
        }
        if any(tables.values()):
            parts += ["", f"## Split `{split}`: {meaning}"]
        for title, table in tables.items():
            parts += ["", f"### {title}", "", table] if table else []
    if tests:
        parts += ["", "## Whether performers can be told apart", "", PERFORMER_NOTE, "", format_performer_table(tests)]
    return "\n".join(parts) + "\n"


def format_performer_table(tests: PerformerTests) -> str:
    """Format the tests of performers: one row for every preset and each tested curve."""
    rows = [
        [
            f"`{preset}`",
            what,
            _format_estimate(found["own"]),
            _format_estimate(found["others"]),
            f"{found['p_value']:.3f}",
        ]
        for preset, curves in tests.items()
        for what, found in curves.items()
    ]
    return format_markdown(["preset", "curve", "as the own performer", "as the others", "p"], rows)


def format_table_2(results: Results, split: str) -> str:
    """Format the publication's Table 2, its values beside ours, and below it our further systems."""
    head = ["system", "preset"]
    for instrument in _list_instruments(results):
        head += [f"{instrument}, published", f"{instrument}, here"]
    rows = [_format_table_2_row(results, split, row.title, row.system, row.mse) for row in TABLE_2]
    known = {row.system for row in TABLE_2}
    rows += [
        _format_table_2_row(results, split, system, system, {})
        for system in _find_systems(results, split, "log_mel_mse")
        if system not in known and system != RECORDING
    ]
    return format_markdown(head, rows)


def format_metrics_table(results: Results, split: str, metrics: Mapping[str, str]) -> str:
    """Format one row for every instrument and system that has any of these metrics; empty where none has.

    Args:
        results: as metrics/evaluation.json holds them.
        split: one of SPLITS.
        metrics: heading of each metric; those that no system has get no column.
    """
    metrics = {metric: heading for metric, heading in metrics.items() if _find_systems(results, split, metric)}
    rows = []
    for instrument, splits in results.items():
        for system, found in splits.get(split, {}).items():
            if any(metric in found for metric in metrics):
                count = max(int(found[metric]["n"]) for metric in metrics if metric in found)
                rows.append(
                    [instrument, system, *(_format_estimate(found.get(metric)) for metric in metrics), str(count)]
                )
    return format_markdown(["instrument", "system", *metrics.values(), "clips"], rows) if rows else ""


def _name_differences(results: Results, split: str) -> dict[str, str]:
    """Name the metrics that are differences from a reference system, with their headings."""
    return {
        metric: metric.replace("_minus_", " less that of ").replace("_", " ")
        for splits in results.values()
        for found in splits.get(split, {}).values()
        for metric in found
        if "_minus_" in metric
    }


def _format_table_2_row(
    results: Results, split: str, title: str, system: str, published: Mapping[str, float]
) -> list[str]:
    cells = [title, f"`{system}`"]
    for instrument in _list_instruments(results):
        found = results.get(instrument, {}).get(split, {}).get(system, {})
        cells += [f"{published[instrument]:.3f}" if instrument in published else ABSENT]
        cells += [_format_estimate(found.get("log_mel_mse"))]
    return cells


def _list_instruments(results: Results) -> list[str]:
    return [*INSTRUMENTS, *(instrument for instrument in results if instrument not in INSTRUMENTS)]


def _find_systems(results: Results, split: str, metric: str) -> list[str]:
    """Find the systems of any instrument that have the metric, in the order of the results."""
    found = (
        system for splits in results.values() for system, values in splits.get(split, {}).items() if metric in values
    )
    return list(dict.fromkeys(found))


def _format_estimate(figure: Mapping[str, float] | None) -> str:
    return ABSENT if figure is None else f"{figure['mean']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"


def format_markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Format a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
