"""Write the files of one rendering, the audio and what belongs to it. All of them appear, or none."""

import errno
import math
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dp.audio.writing import AudioWriter
from dp.errors import DataError
from dp.render.ensemble import Ensemble
from dp.render.model_set import ModelSet
from dp.render.note_files import write_midi, write_notes_csv
from dp.render.preparation import Prepared, prepare_file
from dp.render.provenance import describe_rendering, write_provenance
from dp.render.sound_files import Take, open_stored_mel, record
from dp.render_options import MAX_PEAK, OutputOptions, RenderOptions
from dp.report.rendering_plot import plot_rendering
from dp.types import Score
from dp.units import A4_HZ

EXTRA_SUFFIXES = (".mid", ".csv", ".npy", ".png", ".json")


@dataclass(frozen=True)
class RenderedFiles:
    """What was written."""

    files: tuple[Path, ...]  # the audio first
    note_count: int
    audio_sec: float
    warnings: tuple[str, ...] = ()


def render_to_files(
    score_path: Path, out: Path, models: ModelSet | Ensemble, options: RenderOptions, output: OutputOptions
) -> RenderedFiles:
    """Render a score file; memory does not grow with its length.

    Beside the audio, under the same stem: the performed notes as MIDI and as CSV, the log-mel [T, M] as .npy, a
    picture, and the provenance as JSON. Where the stem is the score's and one of them would take the score's place, it
    goes to <stem>.performed instead. The same inputs make the same bytes.

    Args:
        score_path: MusicXML or MIDI.
        out: audio file to write; it ends in .wav, .flac or .ogg. Its folder is made where it is missing.
        models: trained on one log-mel, or voices, which the soundfont joins.
        options: how it is performed.
        output: what is written.

    Raises:
        DataError: the score cannot be used, or an option cannot be met; nothing is written then.
        OSError: the disk is full, for instance; nothing is left behind.
    """
    score, prepared = prepare_file(score_path, models, options)
    performance, rate_hz = prepared.performance, output.sample_rate_hz or prepared.sample_rate_hz
    speed = 1.0 if prepared.mel is None else options.tuning_hz / A4_HZ  # to which models with a log-mel play
    with _open_fresh_folder(out) as folder:
        take = record(prepared.sound(rate_hz), rate_hz, folder, prepared.mel, prepared.channel_count, speed)
        gain, quieter = _choose_gain(take, output.loudness_lufs)
        warnings = (*performance.warnings, *quieter)
        made = {out: folder / f"audio{out.suffix.lower()}"}
        with AudioWriter(made[out], take.sample_rate_hz, take.channel_count) as writer:
            for samples in take.iterate_samples(gain):
                writer.write(samples)
        if output.extras:
            extras = {suffix: folder / f"extra{suffix}" for suffix in EXTRA_SUFFIXES}
            _write_extras(extras, score, prepared, take, gain)
            facts = describe_rendering(
                score_path, prepared.models, options, output, take, gain, len(performance.performed), warnings
            )
            write_provenance(extras[".json"], facts)
            made |= {_name_extra(out, suffix, score_path): path for suffix, path in extras.items()}
        _put(made)
    return RenderedFiles(tuple(made), len(performance.performed), take.length_sec, warnings)


@contextmanager
def _open_fresh_folder(out: Path) -> Iterator[Path]:
    """Open a temporary folder beside `out`, from which files can be moved to their places in one step each."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".tmp-render-", dir=out.parent))
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise DataError(out.parent, f"cannot be written to ({error.strerror})", "choose another folder") from error
    try:
        yield folder
    except OSError as error:
        error.filename, error.filename2 = str(out), None  # what was asked for, not the temporary name
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _choose_gain(take: Take, loudness_lufs: float | None) -> tuple[float, tuple[str, ...]]:
    """Choose the samples' gain, a factor; a warning comes with it where the wanted loudness would clip."""
    most = MAX_PEAK / take.peak if take.peak > 0 else 1.0
    if loudness_lufs is None or not math.isfinite(take.loudness_lufs):
        return min(1.0, most), ()
    wanted = 10.0 ** ((loudness_lufs - take.loudness_lufs) / 20.0)
    if wanted <= most:
        return wanted, ()
    reached = take.loudness_lufs + 20.0 * math.log10(most)
    return most, (f"its peaks allow {reached:.1f} LUFS, not the {loudness_lufs:g} LUFS asked for",)


def _write_extras(extras: dict[str, Path], score: Score, prepared: Prepared, take: Take, gain: float) -> None:
    performance = prepared.performance
    part = np.zeros(len(performance.performed), np.int64) if performance.part is None else performance.part
    write_midi(extras[".mid"], performance, part, score.part_names, prepared.programs)
    write_notes_csv(extras[".csv"], performance)
    take.log_mel.rename(extras[".npy"])
    log_mel, samples = open_stored_mel(extras[".npy"]), take.open_samples()
    plot_rendering(extras[".png"], samples, take.sample_rate_hz, performance.performed, log_mel, score.title, gain)


def _name_extra(out: Path, suffix: str, score_path: Path) -> Path:
    path = out.with_suffix(suffix)
    if path.exists() and path.samefile(score_path):
        return path.with_name(f"{path.stem}.performed{suffix}")
    return path


def _put(made: dict[Path, Path]) -> None:
    """Move finished files to their places, the audio last, so that where it is the others are too.

    Raises:
        DataError: something that is no file stands in a place; then nothing is moved.
    """
    for target in made:
        if target.exists() and not target.is_file():
            raise DataError(target, "is no file, and one would be written there", "move it out of the way")
    for target, path in reversed(made.items()):
        path.replace(target)
