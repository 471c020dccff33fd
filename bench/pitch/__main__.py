"""How far pitch curves are off where the pitch is known, what they show in real recordings, and what they cost.

    python -m bench.pitch [PROJECT]

Tones with vibrato (25 cents, about 6 per second) alone and in chords, steady ones with the stretched partials of piano
strings, in a little noise and in more, eight of each: error and confidence of our tracker, and error of librosa's YIN
and pYIN where one tone sounds. With the folder of a project whose dataset is there: what the tracker finds in its
recordings, with the notes' times as they are and moved.
"""

import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dp.audio.harmonic_sums import PITCH_HOP_SAMPLE, PITCH_SAMPLE_RATE_HZ
from dp.audio.pitch_curves import track_pitch
from dp.audio.sample_file import open_samples
from dp.project import locate_data_folder
from dp.store.reading import read_alignment_report, read_performed_notes, read_stored_recordings
from dp.types import PITCH_FRAME_RATE_HZ, PitchCurve
from dp.units import FloatArray, IntArray, pitch_to_hz

F32 = npt.NDArray[np.float32]

ONSET_SEC, OFFSET_SEC, END_SEC = 0.2, 1.7, 2.0
DEPTH_CENT, VIBRATO_HZ, TRIAL_COUNT = 25.0, 6.0, 8
INSIDE = slice(12, -12)  # frames of a tone that are measured
CASES = {
    "cello C2": (36,),
    "violin G3": (55,),
    "G4": (67,),
    "E6": (88,),
    "E7": (100,),
    "third": (64, 68),
    "minor third": (69, 72),
    "sixth": (62, 71),
    "minor sixth": (67, 75),
    "fifth": (62, 69),
    "octave": (60, 72),
    "four strings": (55, 62, 71, 79),
    "ten notes": (36, 43, 48, 52, 55, 60, 64, 67, 72, 76),
}
NOISES = {"little noise": 0.003, "noise": 0.05}  # standard deviation, the peak of the tones being 1
SHIFTS_SEC = (0.0, 0.15, 1.0)  # by which the notes of real recordings are moved
EDGE_CENT, LONG_FRAME, SURE = 6.0, 13, 0.9


@dataclass(frozen=True)
class Played:
    """Tones whose pitch is known."""

    samples: F32
    cent: tuple[FloatArray, ...]  # of each, at every sample


def play(pitches: Sequence[int], noise: float, stretch: float, rng: np.random.Generator) -> Played:
    """Play tones of 29 harmonics, 20 cents out of tune at most; `stretch` is the inharmonicity of strings."""
    time_sec = np.arange(round(END_SEC * PITCH_SAMPLE_RATE_HZ)) / PITCH_SAMPLE_RATE_HZ
    envelope = np.clip(np.minimum((time_sec - ONSET_SEC) / 0.03, (OFFSET_SEC - time_sec) / 0.05), 0.0, 1.0)
    cents, sound = [], np.zeros(len(time_sec))
    for pitch in pitches:
        swing = np.sin(2 * np.pi * VIBRATO_HZ * rng.uniform(0.9, 1.1) * (time_sec - ONSET_SEC))
        depth_cent = 0.0 if stretch else DEPTH_CENT
        cent = rng.uniform(-20, 20) + depth_cent * swing * np.clip((time_sec - ONSET_SEC) / 0.25, 0.0, 1.0)
        hz = pitch_to_hz(pitch + cent / 100.0)
        phase = 2 * np.pi * np.cumsum(hz) / PITCH_SAMPLE_RATE_HZ
        for harmonic in range(1, 30):
            partial = harmonic * np.sqrt(1.0 + stretch * harmonic**2)
            if partial * hz.max() < 7800:
                level = 0.8**harmonic / harmonic**0.3
                sound += level * envelope * np.sin(partial * phase + rng.uniform(0, 2 * np.pi))
        cents.append(cent)
    sound = sound / np.abs(sound).max() + noise * rng.standard_normal(len(sound))
    return Played(sound.astype(np.float32), tuple(cents))


def track(played: Played, pitches: Sequence[int]) -> tuple[PitchCurve, ...]:
    """Track with our tracker, told the notes."""
    count = len(pitches)
    return track_pitch(played.samples, np.array(pitches), np.full(count, ONSET_SEC), np.full(count, OFFSET_SEC))


def look_up(cent: FloatArray, frame: IntArray) -> FloatArray:
    """Look up what the pitch was at frames."""
    return cent[np.minimum(frame * PITCH_HOP_SAMPLE, len(cent) - 1)]


def measure_case(name: str, pitches: Sequence[int], noise: float, stretch: float = 0.0) -> str:
    """Measure one chord: a row of the table."""
    rng, errors, depths, sure = np.random.default_rng(0), [], [], []
    for _ in range(TRIAL_COUNT):
        played = play(pitches, noise, stretch, rng)
        for curve, cent in zip(track(played, pitches), played.cent, strict=True):
            true = look_up(cent, curve.first_frame + np.arange(len(curve.cent)))
            errors.append((curve.cent - true)[INSIDE])
            depths.append(float(np.std(curve.cent[INSIDE]) / max(float(np.std(true[INSIDE])), 1e-9)))
            sure.append(float(np.mean(curve.confidence[INSIDE])))
    error = np.concatenate(errors)
    depth = f"{np.mean(depths):.2f}" if not stretch else "-"
    size, tail = np.median(np.abs(error)), np.percentile(np.abs(error), 95)
    return f"| {name} | {size:.1f} | {tail:.1f} | {np.median(error):+.1f} | {depth} | {np.mean(sure):.2f} |"


def run_yin(samples: F32, hz: float, frame_sample: int) -> FloatArray:
    """Find the pitch by librosa's YIN within 120 cents of `hz`."""
    import librosa

    limits = {"fmin": hz * 2**-0.1, "fmax": hz * 2**0.1}
    settings = {"sr": PITCH_SAMPLE_RATE_HZ, "frame_length": frame_sample, "hop_length": PITCH_HOP_SAMPLE}
    return np.asarray(librosa.yin(samples, **limits, **settings))


def run_pyin(samples: F32, hz: float, frame_sample: int) -> FloatArray:
    """Find the pitch by librosa's pYIN within 120 cents of `hz`, in steps of two cents."""
    import librosa

    limits = {"fmin": hz * 2**-0.1, "fmax": hz * 2**0.1, "resolution": 0.02, "max_transition_rate": 8}
    settings = {"sr": PITCH_SAMPLE_RATE_HZ, "frame_length": frame_sample, "hop_length": PITCH_HOP_SAMPLE}
    return np.asarray(librosa.pyin(samples, **limits, **settings)[0])


def measure_peer(run: Callable[[F32, float, int], FloatArray], pitch: int, noise: float) -> str:
    """Measure a tracker of librosa's on single tones: median error and what two seconds cost."""
    rng, errors, spent_sec = np.random.default_rng(0), [], []
    hz = float(pitch_to_hz(pitch))
    frame_sample = 512 if hz > 400 else 1024 if hz > 100 else 2048
    run(play((pitch,), noise, 0.0, rng).samples, hz, frame_sample)  # compiles
    for _ in range(TRIAL_COUNT):
        played = play((pitch,), noise, 0.0, rng)
        begun_sec = time.process_time()
        found = 1200 * np.log2(run(played.samples, hz, frame_sample) / hz)
        spent_sec.append(time.process_time() - begun_sec)
        frame = np.arange(round(ONSET_SEC * PITCH_FRAME_RATE_HZ), round(OFFSET_SEC * PITCH_FRAME_RATE_HZ))[INSIDE]
        errors.append(np.abs(found[frame] - look_up(played.cent[0], frame)))
    return f"{np.nanmedian(np.concatenate(errors)):.1f} ({1000 * np.median(spent_sec):.0f} ms)"


def measure_recordings(project: Path) -> None:
    """Print what is found in every recording of a project, once a shift of its notes."""
    data = locate_data_folder(project)
    played_by_id = read_performed_notes(data)
    tuning_cent = {row.recording_id: row.tuning_cent for row in read_alignment_report(data)}
    columns = (
        "recording",
        "moved by, s",
        "tuning, cents",
        "at the edge, %",
        "spread, cents",
        "sure, %",
        "CPU s a minute",
    )
    print(f"\n| {' | '.join(columns)} |")
    print("|---|---|---|---|---|---|---|")
    for stored in read_stored_recordings(data):
        recording, name = stored.recording, stored.recording.recording_id
        if name not in played_by_id:
            continue
        notes = played_by_id[name].performed
        slice_sec = (recording.start_sec, recording.end_sec)
        with open_samples(recording.audio_path, PITCH_SAMPLE_RATE_HZ, *slice_sec) as samples:
            for shift_sec in SHIFTS_SEC:
                begun_sec = time.process_time()
                onset_sec, offset_sec = notes.onset_sec + shift_sec, notes.offset_sec + shift_sec
                curves = track_pitch(samples, notes.pitch, onset_sec, offset_sec, tuning_cent[name])
                cost_sec = (time.process_time() - begun_sec) / (len(samples) / PITCH_SAMPLE_RATE_HZ / 60)
                print(f"| {name} | {shift_sec:g} | {describe(curves)} | {cost_sec:.2f} |")
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\nPeak memory: {peak_mb:.0f} MB")


def describe(curves: Sequence[PitchCurve]) -> str:
    """Describe the curves of a recording: cells of the table."""
    cent = np.concatenate([curve.cent for curve in curves])
    sure = np.concatenate([curve.confidence for curve in curves]) >= SURE
    median = np.array([np.median(curve.cent) for curve in curves if len(curve.cent) >= LONG_FRAME])
    tuning = float(np.median(median))
    edge = float(np.mean((cent < cent.min() + EDGE_CENT) | (cent > cent.max() - EDGE_CENT)))
    return f"{tuning:.1f} | {100 * edge:.1f} | {median.std():.1f} | {100 * sure.mean():.0f}"


def main() -> None:
    """Print the tables."""
    for label, noise in NOISES.items():
        print(
            f"\n{label}\n\n| | median, cents | 95 %, cents | bias, cents | depth of vibrato | confidence | YIN | pYIN |"
        )
        print("|---|---|---|---|---|---|---|---|")
        for name, pitches in CASES.items():
            alone = len(pitches) == 1
            peers = [measure_peer(run, pitches[0], noise) if alone else "" for run in (run_yin, run_pyin)]
            print(f"{measure_case(name, pitches, noise)} {' | '.join(peers)} |", flush=True)
        for name, pitch, stretch in (("piano C2", 36, 1e-4), ("piano C4", 60, 4e-4), ("piano C6", 84, 2e-3)):
            print(f"{measure_case(name, (pitch,), noise, stretch)} | |")
    if len(sys.argv) > 1:
        measure_recordings(Path(sys.argv[1]).resolve())


if __name__ == "__main__":
    main()
