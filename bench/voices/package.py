"""Build the packaged voices from their recordings: dataset, training, model card.

    python -m bench.voices.package violin --data DATA --work WORK [--trained]

DATA holds the files that `corpora.yaml` beside this module names: recordings of the Bach Violin Dataset (Dong et al.,
2022) and of the Open Well-Tempered Clavier. In WORK, a new folder, a project is made, rebuilt and trained; the model
goes to dp/packaged/NAME. With --trained, WORK is such a project whose training is done.
"""

import argparse
import csv
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import yaml

from dp.corpora import list_recordings
from dp.data.load import load_clips
from dp.errors import DataError
from dp.files import write_whole
from dp.models.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from dp.models.voices.model import VoicesModel
from dp.project import locate_data_folder, locate_model_folder

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGED = REPOSITORY / "dp" / "packaged"
DP = (sys.executable, "-c", "from dp.cli import main; main()")
COLUMNS = ("score", "audio", "performer", "start", "end", "licence")
SOURCES = {
    "violin": "the Bach Violin Dataset (https://github.com/salu133445/bach-violin-dataset)",
    "piano": "the Open Well-Tempered Clavier (https://welltemperedclavier.org)",
}
LIMITS = {
    "violin": (
        "It learned from seven minutes of solo Bach on modern violins: no mutes, harmonics, pizzicato or tremolo, few "
        "long notes, little above E6. Long notes of a single line swell: by 8 dB from their first third to their last, "
        "where those of the recordings rise by 2. Vibrato is drawn note by note from what these two play in Bach, "
        "which is modest."
    ),
    "piano": (
        "It learned from one grand piano and one pianist in Bach: no pedalled romantic texture, few notes outside C2 "
        "to C6, no velocities (louder notes are louder, not brighter). Strings do not beat, and the pedal does not "
        "let other strings ring."
    ),
}


def make_project(name: str, data: Path, work: Path) -> None:
    """Make a project whose corpus is what `corpora.yaml` names, by links, and build its dataset."""
    rows = yaml.safe_load((Path(__file__).parent / "corpora.yaml").read_text(encoding="utf-8"))[name]
    corpus = work / "corpus"
    corpus.mkdir(parents=True)
    with (corpus / "pairs.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", extrasaction="ignore")
        writer.writeheader()
        for row in rows:
            for key in ("score", "audio"):
                source = data / row[key]
                (corpus / source.name).symlink_to(source.resolve(strict=True))
                row[key] = source.name
            writer.writerow(row)
    shutil.copy(REPOSITORY / "dvc.yaml", work)
    held_out = {row["audio"] for row in rows if row.get("held_out")}
    found = [
        item.recording_id for item in list_recordings("folder", corpus).recordings if item.audio_path.name in held_out
    ]
    params = (REPOSITORY / "params.yaml").read_text(encoding="utf-8")
    chosen = params.replace("valid_recordings: []", f"valid_recordings: [{', '.join(found)}]")
    if chosen == params:
        raise DataError(REPOSITORY / "params.yaml", "has no line valid_recordings: []", "write it there")
    (work / "params.yaml").write_text(chosen, encoding="utf-8")
    run(sys.executable, "-m", "dvc", "init", "--no-scm", "--quiet", folder=work)
    run(*DP, "rebuild", "--corpus", "folder", "--root", "corpus", folder=work)


def run(*command: str, folder: Path) -> None:
    """Run a command there; its output goes to the terminal."""
    subprocess.run(command, cwd=folder, check=True)


def describe_hours(checkpoint: Checkpoint[VoicesModel], project: Path) -> tuple[Sequence[str], Sequence[str]]:
    """List what was learned from, with minutes of each recording, and what was held out whole."""
    clips = load_clips(locate_data_folder(project))
    rate_hz = checkpoint.mel.frame_rate_hz
    learned: list[str] = []
    minutes: dict[str, float] = {}
    for clip in clips:
        if clip.is_for_training:
            spent = (clip.end_frame - clip.start_frame) / rate_hz / 60
            minutes[clip.recording_id] = minutes.get(clip.recording_id, 0.0) + spent
    for source in checkpoint.trained_on:
        learned.append(
            f"| {source.recording_id} | {source.performer} | {source.licence} | {minutes[source.recording_id]:.1f} |"
        )
    held_out = sorted({clip.recording_id for clip in clips if clip.valid_by_recording})
    return learned, held_out


def write_card(
    name: str, checkpoint: Checkpoint[VoicesModel], project: Path, cost: str, figures: Mapping[str, str], out: Path
) -> None:
    """Write the model card."""
    learned, held_out = describe_hours(checkpoint, project)
    performers = sorted({source.performer for source in checkpoint.trained_on})
    lines = [
        f"# Packaged voices: {name}",
        "",
        f"Every performed note sounds by itself (docs/models.md, Voices). Learned from recordings of {SOURCES[name]}",
        f"by {' and '.join(performers)}, aligned by this library. {checkpoint.step} training steps; {cost}.",
        "Rebuild: `python -m bench.voices.package " + name + " --data DATA --work WORK`.",
        "",
        "| recording | performer | licence | minutes |",
        "|---|---|---|---|",
        *learned,
        "",
        "Renderings need no permission; whoever passes this model on names the performers and licences above.",
        "",
        f"Figures on recordings that were held out ({', '.join(held_out)}), from `python -m bench.voices`:",
        "",
        *(f"- {key}: {value}" for key, value in figures.items()),
        "",
        f"What it is not good at: {LIMITS[name]}",
        "",
    ]
    write_whole(out / "README.md", "\n".join(lines).encode())


def main() -> int:
    """Build what the options name."""
    parser = argparse.ArgumentParser(prog="python -m bench.voices.package", description=__doc__)
    parser.add_argument("name", choices=sorted(SOURCES))
    parser.add_argument("--data", type=Path, help="folder of the recordings")
    parser.add_argument("--work", type=Path, required=True, help="folder of the project")
    parser.add_argument("--trained", action="store_true", help="WORK is a project whose training is done")
    parser.add_argument("--cost", help="what the training took, for the card")
    parser.add_argument("--figures", type=Path, help="YAML of figures, by name, for the card")
    options = parser.parse_args()
    work = options.work.resolve()
    started = time.monotonic()
    if not options.trained:
        if options.data is None:
            parser.error("--data is needed to make the project")
        make_project(options.name, options.data, work)
        run(*DP, "train", "voices", "--preset", options.name, folder=work)
    cost = options.cost or f"dataset and training took {(time.monotonic() - started) / 60:.0f} minutes"
    checkpoint = load_checkpoint(locate_model_folder(work, options.name, "voices"), [VoicesModel])
    checkpoint = replace(checkpoint, data_note=f"{SOURCES[options.name]}, aligned by this library")
    out = PACKAGED / options.name
    save_checkpoint(checkpoint, out)
    figures = yaml.safe_load(options.figures.read_text(encoding="utf-8")) if options.figures else {}
    write_card(options.name, checkpoint, work, cost, figures, out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
