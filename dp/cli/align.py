"""Run `dp align`: align one pair, or many in one process."""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dp.api import AlignedNotes, align_pair, make_aligned_notes
from dp.cli.console import note, report
from dp.cli.paths import check_out
from dp.errors import DataError

if TYPE_CHECKING:
    from dp.config import AlignConfig
    from dp.types import Alignment, Score

_FAR_CENT = 50.0  # a score a semitone off, or historical pitch: only the user can tell which
_HEADER = "id,score,audio[,start,end,movement]"


@dataclass(frozen=True)
class Pair:
    """One line of the work list."""

    pair_id: str
    score: Path
    audio: Path
    start_sec: float
    end_sec: float | None
    movement: int | None = None  # of the score


def align_one(
    score_path: Path,
    audio_path: Path,
    out: Path,
    plot: Path | None,
    start: str | None,
    end: str | None,
    movement: int | None,
    config: "AlignConfig",
    quiet: bool,
    as_json: bool,
) -> int:
    """Align one pair; a score that does not fit is bad input, and nothing is written."""
    check_out(out, (".csv",))
    if plot is not None:
        check_out(plot, (".png",))
    start_sec, end_sec = _parse_clock(start, "--start") or 0.0, _parse_clock(end, "--end")
    pair = Pair(out.stem, score_path, audio_path, start_sec, end_sec, movement)
    score, alignment = align_pair(pair.score, pair.audio, pair.start_sec, pair.end_sec, config, pair.movement)
    _warn(score, "", quiet or as_json)
    notes = make_aligned_notes(score, alignment, pair.start_sec)
    notes.write(out)
    if plot is not None:
        _plot(plot, pair, score, alignment)
    data = _describe(pair, notes)
    text = f"{out}: {data['notes']} notes, fit {data['score_fit']:.2f}, mean confidence {data['mean_confidence']:.2f}"
    report(data, text + _remark(notes), quiet, as_json)
    return 0


def align_pairs(pairs_csv: Path, out: Path, config: "AlignConfig", quiet: bool, as_json: bool) -> int:
    """Align every pair of a CSV; a pair that fails is reported and the others go on (exit code 1)."""
    pairs = _read_pairs(pairs_csv)
    out.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    for i, pair in enumerate(pairs):
        try:
            found = align_pair(pair.score, pair.audio, pair.start_sec, pair.end_sec, config, pair.movement)
            _warn(found[0], f"{pair.pair_id}: ", quiet or as_json)
            notes = make_aligned_notes(*found, pair.start_sec)
            notes.write(out / f"{pair.pair_id}.csv")
            rows.append(_describe(pair, notes))
            note(f"{i + 1}/{len(pairs)} {pair.pair_id}: fit {notes.score_fit:.2f}{_remark(notes)}", quiet or as_json)
        except DataError as error:
            rows.append({"id": pair.pair_id, "outcome": "failed", "reason": str(error)})
            note(f"{i + 1}/{len(pairs)} {pair.pair_id}: failed: {error}", False)
    failed = sum(row["outcome"] == "failed" for row in rows)
    data = {"done": len(rows) - failed, "failed": failed, "pairs": rows}
    report(data, f"{out}: {len(rows) - failed} aligned, {failed} failed", quiet, as_json)
    return 1 if failed else 0


def _warn(score: "Score", name: str, quiet: bool) -> None:
    """Say what was read otherwise than it is written."""
    for oddity in score.oddities:
        note(f"dp: warning: {name}{oddity}", quiet)


def _remark(notes: AlignedNotes) -> str:
    """Say what is played otherwise than the score has it."""
    texts = [notes.structure, notes.doubts]
    if abs(notes.tuning_cent) >= _FAR_CENT:
        from dp.align.tuning import describe_tuning
        from dp.units import A4_PITCH, pitch_to_hz

        a4_hz = float(pitch_to_hz(A4_PITCH, notes.tuning_cent / 100.0))
        texts.append(f"{describe_tuning(notes.tuning_cent)}: A is at {a4_hz:.0f} Hz")
    return "".join(f"; {text}" for text in texts if text)


def _describe(pair: Pair, notes: AlignedNotes) -> dict[str, Any]:
    return {
        "id": pair.pair_id,
        "outcome": "done",
        "notes": len(notes),
        "score_fit": round(notes.score_fit, 4),
        "mean_confidence": round(float(notes.confidence.mean()), 4),
        "structure": notes.structure,
        "doubts": notes.doubts,
        "tuning_cent": round(notes.tuning_cent, 1),
        "first_onset_s": round(float(notes.onset_sec.min()), 4),
        "last_offset_s": round(float(notes.offset_sec.max()), 4),
    }


def _plot(path: Path, pair: Pair, score: "Score", alignment: "Alignment") -> None:
    from dp.audio.reading import read_audio
    from dp.config import MelConfig
    from dp.report.alignment_plot import plot_alignment

    rate_hz = MelConfig().sample_rate_hz
    samples = read_audio(pair.audio, rate_hz, pair.start_sec, pair.end_sec)
    title = f"{score.title or pair.score.stem}: {pair.audio.name}"
    plot_alignment(path, samples, rate_hz, alignment.performed, title, alignment.doubts)


def _parse_clock(text: str | None, name: str) -> float | None:
    from dp.units import parse_clock_sec

    try:
        return None if text is None or not text.strip() else parse_clock_sec(text)
    except ValueError as error:
        raise DataError(name, str(error)) from error


def _read_pairs(path: Path) -> list[Pair]:
    """Read the work list; relative paths start at the CSV's folder, or at the current one where they exist there."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            missing = [name for name in ("id", "score", "audio") if name not in (reader.fieldnames or ())]
            if missing:
                raise DataError(path, f"column {missing[0]} is missing", f"its header is {_HEADER}")
            pairs = [_parse_pair(path, line, row) for line, row in enumerate(reader, start=2)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(path, f"cannot be read ({error})", f"give a CSV with the header {_HEADER}") from error
    if not pairs:
        raise DataError(path, "names no pair", "add a line per pair")
    seen: set[str] = set()
    for pair in pairs:
        if pair.pair_id in seen:
            raise DataError(path, f"the id {pair.pair_id} stands twice", "give every pair an id of its own")
        seen.add(pair.pair_id)
    return pairs


def _parse_pair(path: Path, line: int, row: Mapping[str, str | None]) -> Pair:
    fields = {key: (value or "").strip() for key, value in row.items() if isinstance(value, str | None)}
    pair_id = fields["id"]
    if not re.fullmatch(r"[\w.+ -]+", pair_id) or pair_id.startswith("."):
        raise DataError(
            path, f"line {line}: the id {pair_id!r} cannot be a file name", "use letters, digits, -, _ and ."
        )
    for name in ("score", "audio"):
        if not fields[name]:
            raise DataError(path, f"line {line}: {name} is empty", "name a file")
    start_sec = _parse_clock(fields.get("start"), f"{path}, line {line}, start") or 0.0
    end_sec = _parse_clock(fields.get("end"), f"{path}, line {line}, end")
    movement = fields.get("movement", "")
    if movement and not (movement.isdecimal() and len(movement) < 4):
        raise DataError(path, f"line {line}: the movement {movement!r} is no number", "count movements from 1")
    score, audio = _locate(path, fields["score"]), _locate(path, fields["audio"])
    return Pair(pair_id, score, audio, start_sec, end_sec, int(movement) if movement else None)


def _locate(csv_path: Path, text: str) -> Path:
    beside = csv_path.parent / text
    return beside if beside.exists() else Path(text)
