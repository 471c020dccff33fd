"""Real recordings: our onsets and the published ones, judged by the spectrum's rise; where they disagree.

    python -m bench.align.real --bach-violin ROOT --out OUT
    python -m bench.align.real --folder ROOT --program 0 --out OUT

The first takes the Bach Violin Dataset and its published alignments; the second a folder corpus, such as recordings of
a piano, and aligns it by the publication's method, too, which has a General MIDI program play the scores.

A real recording has no truth. What it has is a spectrum that rises where a note begins: constant-Q in dB, of which our
aligner uses nothing, its rise over 32 ms in the note's first three harmonics, in standard deviations of that rise over
the recording. An alignment is good where the rise is high at its onsets and lower beside them. OUT gets rises.csv, and
disagreements.csv with a picture of each region in which the two differ by more than 150 ms.
"""

import argparse
import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.align.performances import Truth
from bench.align.scoring import match_notes, rows_of
from dp.audio.cqt import ConstantQ
from dp.audio.reading import read_audio
from dp.config import AlignConfig
from dp.corpora import list_recordings
from dp.corpora.bach_violin import NAME, read_movement_alignment, read_movement_notes
from dp.report.figure import open_figure
from dp.stages.align_files import align_files
from dp.types import Alignment, Recording
from dp.units import FloatArray, IntArray, tick_to_quarter

RATE_HZ, HOP_SAMPLE = 16000, 128
FRAME_RATE_HZ = RATE_HZ / HOP_SAMPLE
BELOW_SEMITONE = 2  # how far below a score's lowest note the constant-Q begins
END_PITCH, BINS_PER_SEMITONE = 111, 3  # below 8 kHz by a safe margin for the highest filter
SHIFTS_MS = np.arange(-120, 121, 10)
_NOW = len(SHIFTS_MS) // 2
FAR_SEC = 0.15
_AROUND_FRAME = 2  # +-16 ms: the published times' grid is 32 ms
COLUMNS = (
    *("recording", "bar", "pitch", "onset_quarter", "ours_s", "published_s"),
    *("ours_rise", "published_rise", "confidence", "picture"),
)
_REGION_GAP_SEC, _MARGIN_SEC, _REGION_SEC = 4.0, 1.5, 14.0
_HALF_RISE_FRAME = 2


@dataclass(frozen=True)
class Compared:
    """One recording; N notes that both alignments time."""

    recording: Recording
    levels: ConstantQ
    rise: FloatArray  # [bins, T] in dB, 0 where the level falls
    pitch: IntArray  # [N]
    measure: IntArray  # [N]
    onset_quarter: FloatArray  # [N]
    tuning_cent: float
    ours_sec: FloatArray  # [N] from the start of the slice
    published_sec: FloatArray  # [N]
    confidence: FloatArray  # [N]


def read_published(root: Path, recording: Recording) -> Truth:
    """Read the alignment that the Bach Violin Dataset publishes of a recording."""
    notes, times = (
        read_movement_notes(root, recording.recording_id),
        read_movement_alignment(root, recording.recording_id),
    )
    assert times is not None
    onset = tick_to_quarter(notes.onset_tick)
    duration = tick_to_quarter(notes.offset_tick - notes.onset_tick)
    all_played = np.ones(len(onset), dtype=bool)
    return Truth(notes.pitch, onset, duration, times.onset_sec, times.offset_sec, times.offset_sec, all_played)


def align_as_published(recording: Recording, program: int) -> Truth:
    """Align a recording by the publication's method."""
    config = AlignConfig(method="publication", program=program, min_score_fit=0.0)
    slice_sec = recording.start_sec, recording.end_sec
    found = align_files(recording.score_path, recording.audio_path, *slice_sec, config)[1]
    notes, times = found.notes, found.performed
    all_played = np.ones(len(notes), dtype=bool)
    quarters = notes.onset_quarter, notes.duration_quarter
    return Truth(notes.pitch, *quarters, times.onset_sec, times.offset_sec, times.offset_sec, all_played)


def compare(recording: Recording, published: Truth) -> Compared:
    """Align one recording and set it beside what is published, or what the publication's method finds."""
    slice_sec = recording.start_sec, recording.end_sec
    alignment = align_files(recording.score_path, recording.audio_path, *slice_sec, AlignConfig())[1]
    onset = published.onset_quarter
    found = match_notes(published, rows_of(alignment))
    both = np.isfinite(found[:, 0])
    samples = read_audio(recording.audio_path, RATE_HZ, *slice_sec)
    levels = constant_q(samples, alignment.tuning_cent, int(published.pitch.min()) - BELOW_SEMITONE)
    return Compared(
        recording=recording,
        levels=levels,
        rise=rise_db(levels.db),
        pitch=published.pitch[both],
        measure=_measures(alignment, onset[both]),
        onset_quarter=onset[both],
        tuning_cent=alignment.tuning_cent,
        ours_sec=found[both, 0],
        published_sec=published.onset_sec[both],
        confidence=found[both, 2],
    )


def constant_q(samples: np.ndarray, tuning_cent: float, low_pitch: int) -> ConstantQ:
    """Levels in bins that sit on the recording's own pitches."""
    import librosa

    spectrum = librosa.cqt(
        samples,
        sr=RATE_HZ,
        hop_length=HOP_SAMPLE,
        fmin=librosa.midi_to_hz(low_pitch + tuning_cent / 100.0),
        n_bins=BINS_PER_SEMITONE * (END_PITCH - low_pitch),
        bins_per_octave=12 * BINS_PER_SEMITONE,
        tuning=0.0,
    )
    db = librosa.amplitude_to_db(np.abs(spectrum), ref=np.max, top_db=70.0).astype(np.float32)
    return ConstantQ(db, FRAME_RATE_HZ, float(low_pitch), BINS_PER_SEMITONE)


def rise_db(level_db: np.ndarray) -> FloatArray:
    """[bins, T] how much every bin rises over 32 ms around each frame."""
    rise = np.zeros(level_db.shape)
    step = level_db[:, 2 * _HALF_RISE_FRAME :] - level_db[:, : -2 * _HALF_RISE_FRAME]
    rise[:, _HALF_RISE_FRAME:-_HALF_RISE_FRAME] = np.maximum(step, 0.0)
    return rise


def rises(
    rise: FloatArray, low_pitch: float, pitch: IntArray, onset_sec: FloatArray, shifts_sec: FloatArray
) -> FloatArray:
    """[N, shifts] the rise of each note's first three harmonics at its onset + shift, in standard deviations.

    Args:
        rise: [bins, T] from `rise_db`.
        low_pitch: of the lowest bin.
        pitch: [N] MIDI.
        onset_sec: [N].
        shifts_sec: [shifts].
    """
    frame = np.rint((onset_sec[:, None] + shifts_sec) * FRAME_RATE_HZ).astype(np.int64)
    frame = np.clip(frame, 0, rise.shape[1] - 1)
    found = np.empty(frame.shape)
    for one in np.unique(pitch):
        bins = np.rint((one - low_pitch + 12 * np.log2([1, 2, 3])) * BINS_PER_SEMITONE).astype(np.int64)
        curve = rise[bins[(bins >= 0) & (bins < len(rise))]].mean(axis=0)
        mine = pitch == one
        found[mine] = ((curve - curve.mean()) / (curve.std() + 1e-9))[frame[mine]]
    return found


def regions(first_sec: FloatArray, last_sec: FloatArray) -> list[IntArray]:
    """Indices of disagreements that one picture can show, in order of time."""
    groups: list[list[int]] = []
    for i in np.argsort(first_sec, kind="stable"):
        begin = first_sec[groups[-1][0]] if groups else -np.inf
        end = last_sec[groups[-1]].max() if groups else -np.inf
        if first_sec[i] - end < _REGION_GAP_SEC and last_sec[i] - begin < _REGION_SEC:
            groups[-1].append(int(i))
        else:
            groups.append([int(i)])
    return [np.array(group) for group in groups]


def draw_region(path: Path, compared: Compared, begin_sec: float, end_sec: float) -> None:
    """Write a PNG: constant-Q of a stretch with both sets of onsets."""
    levels = compared.levels
    first, last = (round(t * FRAME_RATE_HZ) for t in (max(begin_sec, 0.0), end_sec))
    part, top_db = levels.db[:, first:last], float(levels.db.max())
    low = levels.min_pitch - 0.5 / BINS_PER_SEMITONE
    extent = (
        first / FRAME_RATE_HZ,
        (first + part.shape[1]) / FRAME_RATE_HZ,
        low,
        low + len(levels.db) / BINS_PER_SEMITONE,
    )
    with open_figure(path, 1, 5.0) as (axis,):
        axis.imshow(part, origin="lower", aspect="auto", extent=extent, cmap="magma", vmin=top_db - 60.0, vmax=top_db)
        for name, color, times_sec, below in (
            ("published", "#00d5ff", compared.published_sec, 1.0),
            ("this project", "#7dff4f", compared.ours_sec, 0.0),
        ):
            seen = (times_sec >= extent[0]) & (times_sec < extent[1])
            bottom = compared.pitch[seen] - below
            axis.vlines(times_sec[seen], bottom, bottom + 1.0, colors=color, linewidth=2.6, label=name)
        far = np.abs(compared.ours_sec - compared.published_sec) > FAR_SEC
        ends = np.column_stack([compared.published_sec[far], compared.ours_sec[far]])
        axis.hlines(
            compared.pitch[far], ends.min(axis=1), ends.max(axis=1), colors="white", linewidth=1.0, linestyles=":"
        )
        axis.set_xlim(extent[0], extent[1])
        axis.set_ylim(low, min(extent[3], compared.pitch.max() + 22))
        axis.set_title(f"{compared.recording.recording_id}: onsets that differ by more than 150 ms are joined")
        axis.set_xlabel("time in the slice (s)")
        axis.set_ylabel("pitch (MIDI)")
        axis.legend(loc="upper right")


def disagreements(compared: Compared, out: Path) -> list[list[str]]:
    """Rows of disagreements.csv, and their pictures."""
    ours, published = compared.ours_sec, compared.published_sec
    far = np.flatnonzero(np.abs(ours - published) > FAR_SEC)
    around = np.arange(-_AROUND_FRAME, _AROUND_FRAME + 1) / FRAME_RATE_HZ
    low_pitch = compared.levels.min_pitch
    rise_of = [
        rises(compared.rise, low_pitch, compared.pitch[far], t[far], around).max(axis=1) for t in (ours, published)
    ]
    rows = []
    for number, group in enumerate(regions(np.minimum(ours, published)[far], np.maximum(ours, published)[far]), 1):
        picture = f"{compared.recording.recording_id}_{number:02d}.png"
        times = np.concatenate([ours[far[group]], published[far[group]]])
        draw_region(out / picture, compared, times.min() - _MARGIN_SEC, times.max() + _MARGIN_SEC)
        for k in group:
            i = far[k]
            numbers = f"{compared.onset_quarter[i]:.3f}", f"{ours[i]:.3f}", f"{published[i]:.3f}"
            judged = f"{rise_of[0][k]:.2f}", f"{rise_of[1][k]:.2f}", f"{compared.confidence[i]:.2f}"
            name = compared.recording.recording_id
            rows.append([name, str(compared.measure[i]), str(compared.pitch[i]), *numbers, *judged, picture])
    return rows


def _measures(alignment: Alignment, onset_quarter: FloatArray) -> IntArray:
    """[N] the bar in which each onset lies."""
    at = np.searchsorted(alignment.notes.onset_quarter, onset_quarter + 1e-3, side="right") - 1
    return alignment.notes.measure[np.clip(at, 0, len(alignment.notes) - 1)]


def describe(compared: Compared, mean_rise: dict[str, FloatArray]) -> str:
    """One line of the table."""
    distance_ms = 1000 * np.abs(compared.ours_sec - compared.published_sec)
    line = f"{compared.recording.recording_id:34s}{len(distance_ms):6d}{compared.tuning_cent:+8.0f}"
    for mean in mean_rise.values():
        line += f"{mean[_NOW]:8.2f} at {SHIFTS_MS[np.argmax(mean)]:+3d} ms"
    return line + f"{np.median(distance_ms):9.0f}{np.percentile(distance_ms, 95):6.0f}"


def write_rows(path: Path, header: tuple[str, ...], rows: list[list[str]]) -> None:
    """As CSV."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([list(header), *rows])


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.align.real", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--bach-violin", type=Path, default=Path("../shared/data/bach-violin"))
    parser.add_argument("--folder", type=Path, help="a folder corpus instead, set beside the publication's method")
    parser.add_argument("--program", type=int, default=0, help="General MIDI program that plays its scores, from 0")
    parser.add_argument("--out", type=Path, required=True, help="folder of the tables and pictures")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    curves: dict[str, list[FloatArray]] = {"ours": [], "published": []}
    distances_ms, rows = [], []
    heads = f"{'rise: ours, peak':>17s}{'published, peak':>17s}{'apart':>9s}{'p95':>6s}"
    print(f"{'recording':34s}{'notes':>6s}{'cent':>8s}{heads}")
    corpus, root = (NAME, given.bach_violin) if given.folder is None else ("folder", given.folder)
    for recording in list_recordings(corpus, root).recordings:
        published = read_published(root, recording) if corpus == NAME else align_as_published(recording, given.program)
        compared = compare(recording, published)
        times = {"ours": compared.ours_sec, "published": compared.published_sec}
        means = {
            name: rises(compared.rise, compared.levels.min_pitch, compared.pitch, t, SHIFTS_MS / 1000.0).mean(axis=0)
            for name, t in times.items()
        }
        for name, mean in means.items():
            curves[name].append(mean)
        distances_ms.append(1000 * np.abs(compared.ours_sec - compared.published_sec))
        rows += disagreements(compared, given.out)
        print(describe(compared, means), flush=True)
    mean_curves = {name: np.mean(of_recordings, axis=0) for name, of_recordings in curves.items()}
    print("\nmean rise, by shift in ms" + "".join(f"{shift:+7d}" for shift in SHIFTS_MS[2::2]))
    for name, mean in mean_curves.items():
        print(f"{name:25s}" + "".join(f"{value:7.2f}" for value in mean[2::2]))
    pooled_ms = np.concatenate(distances_ms)
    print(f"apart: median {np.median(pooled_ms):.1f} ms, 95 % {np.percentile(pooled_ms, 95):.0f} ms")
    higher = sum(float(row[6]) > float(row[7]) for row in rows)
    print(f"{len(rows)} of {len(pooled_ms)} notes are more than 150 ms apart; the rise is higher at ours for {higher}")
    shifts = tuple(str(shift) for shift in SHIFTS_MS)
    write_rows(
        given.out / "rises.csv", ("times", *shifts), [[n, *(f"{v:.4f}" for v in m)] for n, m in mean_curves.items()]
    )
    write_rows(given.out / "disagreements.csv", COLUMNS, rows)


if __name__ == "__main__":
    main()
