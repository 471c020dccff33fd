"""Other aligners, as functions of a recording, a score's notes and a General MIDI program.

    python -m bench.align.peers P|R|Y WORK.json OUT

aligns every item of a work list in one process and writes OUT/<id>.csv as `dp align --pairs` does.

- P: the aligner of the publication (Dong et al., 2022, section 3), the score played dry: the stricter of two readings
- R: `align.method: publication`, which plays it in the room that reproduces the published alignments best; that room
  makes it a little late where there is a truth, so P is what the targets are about
- Y: synctoolbox 1.4 (Müller et al., 2021), memory-restricted multiscale DTW on chroma and DLNCO features, with the
  settings of its own example `sync_audio_score_full`; `pip install -e '.[bench]'`
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench.align.rendering import play
from dp.align import ALIGN_SAMPLE_RATE_HZ
from dp.audio.reading import read_audio
from dp.score import read_score
from dp.types import ScoreNotes
from dp.units import FloatArray

FEATURE_RATE_HZ = 50
_STEP_WEIGHTS = (1.5, 1.5, 2.0)
_MAX_CELLS = 10**6  # of a DTW matrix
MUSESCORE = Path("/usr/share/sounds/sf3/MuseScore_General_Lite.sf3")  # Debian: musescore-general-soundfont-small
_LEAST_NOTE_SEC = 0.02  # grace notes need some length to become features
Aligner = Callable[[Path, ScoreNotes, int], tuple[FloatArray, FloatArray]]


def synctoolbox_times(audio: Path, notes: ScoreNotes, program: int) -> tuple[FloatArray, FloatArray]:
    """Y: onset and offset [N] in seconds; the program does not matter, since the score becomes features directly."""
    import scipy.interpolate
    from synctoolbox.dtw.mrmsdtw import sync_via_mrmsdtw
    from synctoolbox.dtw.utils import compute_optimal_chroma_shift, make_path_strictly_monotonic
    from synctoolbox.feature.chroma import quantized_chroma_to_CENS
    from synctoolbox.feature.utils import shift_chroma_vectors

    samples = read_audio(audio, ALIGN_SAMPLE_RATE_HZ, 0.0, None)
    end_quarter = float((notes.onset_quarter + notes.duration_quarter).max())
    sec_per_quarter = len(samples) / ALIGN_SAMPLE_RATE_HZ / end_quarter
    audio_chroma, audio_onsets = _audio_features(samples)
    score_chroma, score_onsets = _score_features(notes, sec_per_quarter)
    smooth = [quantized_chroma_to_CENS(c, 201, 50, FEATURE_RATE_HZ)[0] for c in (audio_chroma, score_chroma)]
    shift = compute_optimal_chroma_shift(*smooth)
    path = sync_via_mrmsdtw(
        f_chroma1=audio_chroma,
        f_onset1=audio_onsets,
        f_chroma2=shift_chroma_vectors(score_chroma, shift),
        f_onset2=shift_chroma_vectors(score_onsets, shift),
        input_feature_rate=FEATURE_RATE_HZ,
        step_weights=np.array(_STEP_WEIGHTS),
        threshold_rec=_MAX_CELLS,
        verbose=False,
    )
    audio_frame, score_frame = make_path_strictly_monotonic(path)
    at = scipy.interpolate.interp1d(
        score_frame / FEATURE_RATE_HZ, audio_frame / FEATURE_RATE_HZ, fill_value="extrapolate"
    )
    onset = notes.onset_quarter * sec_per_quarter
    return at(onset), at(onset + notes.duration_quarter * sec_per_quarter)


def _audio_features(samples: np.ndarray) -> tuple[Any, Any]:
    from synctoolbox.feature.chroma import pitch_to_chroma, quantize_chroma
    from synctoolbox.feature.dlnco import pitch_onset_features_to_DLNCO
    from synctoolbox.feature.pitch import audio_to_pitch_features
    from synctoolbox.feature.pitch_onset import audio_to_pitch_onset_features
    from synctoolbox.feature.utils import estimate_tuning

    rate_hz = ALIGN_SAMPLE_RATE_HZ
    tuning = estimate_tuning(samples, rate_hz)
    pitches = audio_to_pitch_features(
        f_audio=samples, Fs=rate_hz, tuning_offset=tuning, feature_rate=FEATURE_RATE_HZ, verbose=False
    )
    chroma = quantize_chroma(f_chroma=pitch_to_chroma(f_pitch=pitches))
    peaks = audio_to_pitch_onset_features(f_audio=samples, Fs=rate_hz, tuning_offset=tuning, verbose=False)
    onsets = pitch_onset_features_to_DLNCO(
        f_peaks=peaks, feature_rate=FEATURE_RATE_HZ, feature_sequence_length=chroma.shape[1], visualize=False
    )
    return chroma, onsets


def _score_features(notes: ScoreNotes, sec_per_quarter: float) -> tuple[Any, Any]:
    import pandas
    from synctoolbox.feature.chroma import pitch_to_chroma, quantize_chroma
    from synctoolbox.feature.csv_tools import df_to_pitch_features, df_to_pitch_onset_features
    from synctoolbox.feature.dlnco import pitch_onset_features_to_DLNCO

    start = notes.onset_quarter * sec_per_quarter
    duration = np.maximum(notes.duration_quarter * sec_per_quarter, _LEAST_NOTE_SEC)
    columns = {"start": start, "duration": duration, "end": start + duration, "pitch": notes.pitch}
    table = pandas.DataFrame(columns | {"velocity": 0.7, "instrument": "score"})
    chroma = quantize_chroma(
        f_chroma=pitch_to_chroma(f_pitch=df_to_pitch_features(table, feature_rate=FEATURE_RATE_HZ))
    )
    onsets = pitch_onset_features_to_DLNCO(
        f_peaks=df_to_pitch_onset_features(table),
        feature_rate=FEATURE_RATE_HZ,
        feature_sequence_length=chroma.shape[1],
        visualize=False,
    )
    return chroma, onsets


def publication_times(audio: Path, notes: ScoreNotes, program: int) -> tuple[FloatArray, FloatArray]:
    """P: onset and offset [N] in seconds (Dong et al., 2022, section 3).

    Constant-Q spectra in dB of the recording and of the score, played at one tempo over the recording's length, are
    warped onto each other by full DTW with Euclidean distance.
    """
    import pretty_midi
    from librosa.sequence import dtw

    from dp.audio.cqt import compute_constant_q

    rate_hz, hop_sample = 16000, 512
    samples = read_audio(audio, rate_hz, 0.0, None)
    onset, end = notes.onset_quarter, notes.onset_quarter + notes.duration_quarter
    sec_per_quarter = len(samples) / rate_hz / end.max()
    instrument = pretty_midi.Instrument(program)
    sound_end = np.maximum(end * sec_per_quarter, onset * sec_per_quarter + _LEAST_NOTE_SEC)
    instrument.notes = [
        pretty_midi.Note(64, int(notes.pitch[i]), onset[i] * sec_per_quarter, sound_end[i]) for i in range(len(notes))
    ]
    midi = pretty_midi.PrettyMIDI(resolution=4800, initial_tempo=120.0)
    midi.instruments.append(instrument)
    played = np.zeros_like(samples)
    rendered = play(midi, MUSESCORE, rate_hz, reverberant=False)[: len(samples)]
    played[: len(rendered)] = rendered
    recorded, synthetic = (compute_constant_q(sound, rate_hz, hop_sample).db for sound in (samples, played))
    path = dtw(recorded, synthetic)[1][::-1]
    frames_per_quarter = recorded.shape[1] / end.max()
    first = np.searchsorted(path[:, 1], onset * frames_per_quarter, side="right")
    last = np.searchsorted(path[:, 1], end * frames_per_quarter) - 1
    frame_sec = hop_sample / rate_hz
    times = [path[np.clip(index, 0, len(path) - 1), 0] * frame_sec for index in (first, last)]
    return times[0], times[1]


def reproduced_times(audio: Path, notes: ScoreNotes, program: int) -> tuple[FloatArray, FloatArray]:
    """R: onset and offset [N] in seconds, as read off the path: without what `align` adds to judge the score."""
    from dp.align.publication.align import read_path_times

    times = read_path_times(read_audio(audio, ALIGN_SAMPLE_RATE_HZ, 0.0, None), notes, program, str(audio))
    return times.onset_sec, times.offset_sec


PEERS: dict[str, Aligner] = {"P": publication_times, "R": reproduced_times, "Y": synctoolbox_times}


def write_times(path: Path, notes: ScoreNotes, onset_sec: FloatArray, offset_sec: FloatArray) -> None:
    """With the columns of `dp align`, but for confidence."""
    table = np.column_stack([notes.pitch, notes.onset_quarter, notes.duration_quarter, onset_sec, offset_sec])
    header = "pitch,onset_quarter,duration_quarter,onset_s,offset_s"
    np.savetxt(path, table, ["%d", *["%.6f"] * 4], ",", header=header, comments="")


def main(system: str, work: Path, out: Path) -> None:
    """Align all items of a work list; one that fails is reported, and is not there."""
    out.mkdir(parents=True, exist_ok=True)
    for item in json.loads(work.read_text(encoding="utf-8")):
        notes = read_score(Path(item["score"])).notes
        try:
            times = PEERS[system](Path(item["audio"]), notes, item["program"])
        except Exception as error:  # a peer's own failure of any kind is a result
            print(f"{system} {item['id']}: failed: {error!r}", file=sys.stderr, flush=True)
            continue
        write_times(out / f"{item['id']}.csv", notes, *times)
        print(f"{system} {item['id']}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
