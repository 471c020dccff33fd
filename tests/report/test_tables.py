from dp.report.tables import format_evaluation_report, format_metrics_table, format_table_2


def figure(mean: float) -> dict[str, float]:
    return {"mean": mean, "low": mean - 0.1, "high": mean + 0.1, "n": 12}


RESULTS = {
    "violin": {
        "clip": {
            "publication": {"log_mel_mse": figure(0.8), "note_f1_50ms": figure(0.5)},
            "ours": {"log_mel_mse": figure(0.65), "log_mel_mse_minus_publication": figure(-0.15)},
            "recording": {"log_mel_mse": figure(0.0), "note_f1_50ms": figure(0.7)},
        },
        "movement": {"timing-model": {"onset_mse_frame2": figure(300.0)}},
    }
}


def test_table_2_has_the_publications_rows_then_ours() -> None:
    assert format_table_2(RESULTS, "clip").splitlines() == [
        "| system | preset | violin, published | violin, here | piano, published | piano, here |",
        "| --- | --- | --- | --- | --- | --- |",
        "| HiFi-GAN baseline | `baseline` | 0.892 | - | 0.722 | - |",
        "| Deep Performer | `publication` | 0.700 | 0.800 (0.700 to 0.900) | 0.436 | - |",
        "| - without note-wise positional encoding | `no-note-position` | 0.700 | - | 0.433 | - |",
        "| - without performer embedding | `no-performer` | 1.030 | - | 0.523 | - |",
        "| - without encoder (piano roll) | `piano-roll` | 0.844 | - | 0.621 | - |",
        "| ours | `ours` | - | 0.650 (0.550 to 0.750) | - | - |",
    ]


def test_an_instrument_of_ones_own_gets_columns_too() -> None:
    results = {"kazoo": {"clip": {"ours": {"log_mel_mse": figure(1.0)}}}}
    lines = format_table_2(results, "clip").splitlines()
    assert lines[0].endswith("| kazoo, published | kazoo, here |")
    assert lines[-1] == "| ours | `ours` | - | - | - | - | - | 1.000 (0.900 to 1.100) |"


def test_systems_and_metrics_without_figures_are_left_out() -> None:
    assert format_metrics_table(RESULTS, "recording", {"note_f1_50ms": "F1"}) == ""
    assert format_metrics_table(RESULTS, "clip", {"stft_distance": "STFT"}) == ""
    assert format_metrics_table(
        RESULTS, "clip", {"note_f1_50ms": "F1", "log_mel_mse": "MSE", "stft_distance": "STFT"}
    ).splitlines() == [
        "| instrument | system | F1 | MSE | clips |",
        "| --- | --- | --- | --- | --- |",
        "| violin | publication | 0.500 (0.400 to 0.600) | 0.800 (0.700 to 0.900) | 12 |",
        "| violin | ours | - | 0.650 (0.550 to 0.750) | 12 |",
        "| violin | recording | 0.700 (0.600 to 0.800) | 0.000 (-0.100 to 0.100) | 12 |",
    ]


def test_the_page_has_a_part_for_every_table_there_is() -> None:
    page = format_evaluation_report(RESULTS)
    assert [line for line in page.splitlines() if line.startswith("#")] == [
        "# Evaluation",
        "## Split `clip`: clips held out (the publication's protocol)",
        "### Log-mel MSE",
        "### Further metrics",
        "### Differences on the same clips",
        "## Split `movement`: recordings of movements of which nothing was learned",
        "### Timing",
    ]
    assert "| instrument | system | log mel mse less that of publication | clips |" in page
    assert "| violin | ours | -0.150 (-0.250 to -0.050) | 12 |" in page
    assert "| instrument | system | onset MSE (frames²) | clips |" in page
    assert "windows of\n512, 1024, 2048 samples" in page
