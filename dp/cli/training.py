"""Run `dp train` and `dp evaluate`: make the models of a preset, and measure how good they are."""

from pathlib import Path
from typing import TYPE_CHECKING

from dp.cli.console import note, report
from dp.cli.flows_loader import open_flows
from dp.cli.project import describe_run, repro
from dp.errors import DataError

if TYPE_CHECKING:
    from dp.config import Config
    from dp.metrics import Results


def train(
    project: Path | None,
    model: str,
    preset: str | None,
    device: str,
    resume: bool,
    prepare: Path | None,
    bring: Path | None,
    quiet: bool,
    as_json: bool,
) -> int:
    """Train one model of a preset, or all that are stale; or have it done on another machine."""
    from dp.project import find_project, locate_model_folder, name_train_stage
    from dp.stages.environment import DEVICE_VARIABLE, RESUME_VARIABLE

    folder = find_project(project)
    config, name = _choose_preset(folder, preset)
    if bring is not None:
        return _bring(folder, config, bring, quiet, as_json)
    known = config.presets[name].models()
    if model not in (*known, "all"):
        raise DataError(model, f"is no model of the preset {name}", f"choose {', '.join(known)} or all")
    chosen = [found for found in known if model in (found, "all")]
    if prepare is not None:
        return _prepare(folder, config, name, chosen, prepare, quiet, as_json)
    extra = {DEVICE_VARIABLE: device, RESUME_VARIABLE: "1" if resume else ""}
    ran = repro(folder, [name_train_stage(name, found) for found in chosen], quiet, extra)
    models = {found: str(locate_model_folder(folder, name, found)) for found in chosen}
    data = {"preset": name, "stages_run": list(ran), "models": models}
    report(data, describe_run(ran, "; ".join(models.values())), quiet, as_json)
    return 0


def evaluate(project: Path | None, preset: str | None, figures: bool, quiet: bool, as_json: bool) -> int:
    """Measure a preset, or all that are trained; prints the figures and writes the report."""
    from dp.evaluate.results import read_performer_tests, read_results
    from dp.files import write_whole
    from dp.project import EVALUATION_REPORT, MODELS_FOLDER, SIMPLE_BASELINES, find_project, name_evaluate_stage
    from dp.report.tables import format_evaluation_report

    folder = find_project(project)
    config, name = _choose_preset(folder, preset)
    trained = [found for found in config.presets if (folder / MODELS_FOLDER / found).is_dir()]
    if not trained or (preset is not None and preset not in trained):
        raise DataError(folder / MODELS_FOLDER / name, "holds no trained model", f"run `dp train --preset {name}`")
    names = [SIMPLE_BASELINES, *(trained if preset is None else [preset])]
    # What is trained is measured as it is: a preset of which one model is there must not train the others now.
    ran = repro(folder, [name_evaluate_stage(found) for found in names], quiet, {}, alone=True)
    results = read_results(folder, names)
    path = folder / EVALUATION_REPORT
    path.parent.mkdir(exist_ok=True)
    write_whole(path, format_evaluation_report(results, read_performer_tests(folder, names)).encode())
    if figures:
        from dp.cli.figures import draw_figures

        for picture in draw_figures(folder, config, names[1:], path.parent):
            note(str(picture), quiet)
    report(results, f"{_format_metrics(results)}\n{describe_run(ran, str(path))}", quiet, as_json)
    return 0


def _choose_preset(folder: Path, name: str | None) -> "tuple[Config, str]":
    from dp.config import PARAMS_FILE, load_config

    config = load_config(folder / PARAMS_FILE)
    if not config.presets:
        raise DataError(folder / PARAMS_FILE, "has no presets", "copy them from the repository's params.yaml")
    if name is not None and name not in config.presets:
        raise DataError(name, "is no preset", f"choose {', '.join(config.presets)}")
    return config, name or config.preset


def _prepare(
    folder: Path, config: "Config", preset: str, models: list[str], out: Path, quiet: bool, as_json: bool
) -> int:
    """Write what the training of some models needs, for `python -m dp.train`."""
    from dp.train.offline import write_task

    paths = []
    for model in models:
        paths.append(write_task(folder, config, preset, model, out))
        note(str(paths[-1]), quiet)
    text = f"take {out} and the folder dp along; there: python -m dp.train --arrays {out.name}"
    report({"preset": preset, "arrays": [str(path) for path in paths]}, text, quiet, as_json)
    return 0


def _bring(folder: Path, config: "Config", source: Path, quiet: bool, as_json: bool) -> int:
    """Take models home that `python -m dp.train` made."""
    with open_flows(folder):
        from flows.rebuild import adopt
    from dp.project import name_train_stage
    from dp.train.offline import bring_models

    brought = bring_models(folder, config, source)
    adopt(folder, [name_train_stage(preset, model) for preset, model in brought])
    names = [f"{preset}/{model}" for preset, model in brought]
    report({"models": names}, f"brought {', '.join(names)}", quiet, as_json)
    return 0


def _format_metrics(metrics: "Results") -> str:
    """Format a line per figure: instrument, split, system, metric, mean and its 95 % interval."""
    rows = [
        ((instrument, split, system, name), figure)
        for instrument, splits in metrics.items()
        for split, systems in splits.items()
        for system, figures in systems.items()
        for name, figure in figures.items()
    ]
    widths = [max((len(names[column]) for names, _ in rows), default=0) for column in range(4)]
    return "\n".join(
        "  ".join(f"{name:{width}}" for name, width in zip(names, widths, strict=True))
        + f"{figure['mean']:10.3f}  ({figure['low']:.3f} to {figure['high']:.3f}, n = {figure['n']:.0f})"
        for names, figure in rows
    )
