"""Transcribe a waveform to notes by the network of Spotify's basic-pitch (Bittner et al., ICASSP 2022), as published.

The network's ONNX file is taken from the package basic-pitch. Its Python code needs TensorFlow, so the way from
activations to notes is written here, after section 2.3 of the paper. Frames lie on one exact grid here, while the
package's shift by a fraction of a frame at every window.
"""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dp.errors import DataError
from dp.types import UNKNOWN_VELOCITY, PerformedNotes
from dp.units import compute_frame_rate_hz, frame_to_sec

ADVICE = "pip install 'deep-performer[evaluate]' and pip install --no-deps basic-pitch"
# Against our alignments of six recordings of the Bach Violin Dataset F1 at 50 ms is .66 with these values, and .61 with
# the package's own 0.5 and 128 ms, which find too many onsets under a bow and lose the sixteenths of a fast movement.
ONSET_THRESHOLD = 0.6
SHORTEST_FRAME = 5  # 58 ms
NOTE_THRESHOLD = 0.3  # the package's own
GAP_FRAME = 11  # a note ends when its activation stays below NOTE_THRESHOLD for so long (128 ms), as in the package

_SAMPLE_RATE_HZ, _HOP_SAMPLE, _WINDOW_SAMPLE = 22050, 256, 43844  # the network's own: two seconds less a hop
_MARGIN_FRAME, _KEPT_FRAME = 15, 141  # of a window's 172 frames: what is cut off at its start, what is kept
_LOWEST_PITCH, _PITCH_COUNT = 21, 88  # the piano's keys, which the network tells apart
_WINDOWS_AT_ONCE = 16  # bounds memory; own choice
_MODEL_FILE = Path("saved_models/icassp_2022/nmp.onnx")
# Names in the ONNX file.
_INPUT, _NOTE, _ONSET = "serving_default_input_2:0", "StatefulPartitionedCall:1", "StatefulPartitionedCall:2"

Activations = npt.NDArray[np.float32]  # [T, 88] from 0 to 1


def transcribe(samples: npt.NDArray[np.float32], sample_rate_hz: int) -> PerformedNotes:
    """Transcribe a waveform to the notes heard in it, by onset, then pitch.

    Args:
        samples: [L] mono.
        sample_rate_hz: their rate.

    Returns:
        Notes of pitches 21 to 108 whose times count from sample 0, on a grid of 11.6 ms; confidence is the mean note
        activation.

    Raises:
        DataError: onnxruntime or basic-pitch is not installed.
    """
    return decode_notes(*_compute_activations(samples, sample_rate_hz))


def find_transcriber_file() -> Path:
    """Find the ONNX file of basic-pitch's network.

    Raises:
        DataError: onnxruntime or basic-pitch is not installed.
    """
    from importlib.util import find_spec

    spec = find_spec("basic_pitch")  # found, not imported: importing it looks for TensorFlow and complains
    file = Path(spec.origin).parent / _MODEL_FILE if spec is not None and spec.origin else None
    for name, found in (("onnxruntime", find_spec("onnxruntime") is not None), ("basic-pitch", file is not None)):
        if not found:
            raise DataError(name, "is not installed, and transcription needs it", ADVICE)
    assert file is not None
    if not file.is_file():
        raise DataError(file, "is missing from the installed basic-pitch", "pip install --no-deps basic-pitch==0.4.0")
    return file


def decode_notes(onset: Activations, note: Activations) -> PerformedNotes:
    """Decode activations to notes.

    A note starts where the onset activation peaks, or where the note activation rises steeply, and lasts while its own
    activation stays up. The last start is followed first, so that of repeated notes each ends where the next begins;
    what a note has used up, with the semitone above and below, starts no other.

    Args:
        onset: [T, 88] that a note of this pitch starts in this frame.
        note: [T, 88] that a note of this pitch sounds in this frame.
    """
    start_strength = np.maximum(onset, _compute_rises(onset, note))
    padded = np.pad(start_strength, ((1, 1), (0, 0)))
    is_peak = (start_strength > padded[:-2]) & (start_strength > padded[2:]) & (start_strength >= ONSET_THRESHOLD)
    left = note.copy()
    rows = []
    for start, key in reversed(np.argwhere(is_peak).tolist()):
        end = _find_note_end(left[:, key], start)
        if end - start < SHORTEST_FRAME:
            continue
        left[start:end, max(key - 1, 0) : key + 2] = 0.0
        rows.append((start, key + _LOWEST_PITCH, end, float(note[start:end, key].mean())))
    table = np.array(sorted(rows), dtype=np.float64).reshape(-1, 4)
    pitch = table[:, 1].astype(np.int64)
    rate_hz = compute_frame_rate_hz(_SAMPLE_RATE_HZ, _HOP_SAMPLE)
    return PerformedNotes(
        pitch=pitch,
        velocity=np.full_like(pitch, UNKNOWN_VELOCITY),
        onset_sec=frame_to_sec(table[:, 0], rate_hz),
        offset_sec=frame_to_sec(table[:, 2], rate_hz),
        confidence=table[:, 3],
    )


def _compute_rises(onset: Activations, note: Activations) -> Activations:
    """Compute how much the note activation rises over one frame and over two, in the onset activation's range."""
    padded = np.concatenate([note[:1], note[:1], note])
    rise = np.maximum(np.minimum(note - padded[1:-1], note - padded[:-2]), 0.0)
    return rise * (onset.max(initial=0.0) / max(float(rise.max(initial=0.0)), 1e-9))


def _find_note_end(activation: npt.NDArray[np.float32], start: int) -> int:
    """Find the frame after the last one that sounds, when gaps shorter than GAP_FRAME are bridged."""
    sounding = start + np.flatnonzero(activation[start:] >= NOTE_THRESHOLD)
    if len(sounding) == 0 or sounding[0] - start >= GAP_FRAME:
        return start
    breaks = np.flatnonzero(np.diff(sounding) > GAP_FRAME)
    return int(sounding[breaks[0]] if len(breaks) else sounding[-1]) + 1


def _compute_activations(samples: npt.NDArray[np.float32], sample_rate_hz: int) -> tuple[Activations, Activations]:
    """Compute onset and note activation [T, 88] of a signal, frame t at sample 256 t of it at 22050 Hz."""
    onset, note = run_network(_load_session(), (_ONSET, _NOTE), samples, sample_rate_hz)
    return onset, note


def run_network(
    session: Any,
    outputs: Sequence[str],
    samples: npt.NDArray[np.float32],
    sample_rate_hz: int,
    convert: Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]] = lambda found: found,
) -> list[npt.NDArray[np.float32]]:
    """Run the network over a signal, window by window.

    Args:
        session: of `load_network`.
        outputs: names in the ONNX file.
        samples: [L] mono.
        sample_rate_hz: their rate.
        convert: makes [windows, frames, D] of what an output holds of some windows.

    Returns:
        [T, D] of each output, frame t at sample 256 t of the signal at 22050 Hz.
    """
    import soxr

    resampled = soxr.resample(samples.astype(np.float32, copy=False), sample_rate_hz, _SAMPLE_RATE_HZ)
    frame_count = -(-len(resampled) // _HOP_SAMPLE)
    step = _KEPT_FRAME * _HOP_SAMPLE
    window_count = -(-frame_count // _KEPT_FRAME)
    padded = np.zeros(max(window_count - 1, 0) * step + _WINDOW_SAMPLE, dtype=np.float32)
    margin = _MARGIN_FRAME * _HOP_SAMPLE
    kept = min(len(resampled), len(padded) - margin)
    padded[margin : margin + kept] = resampled[:kept]
    windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW_SAMPLE)[::step][:window_count]
    parts: list[list[npt.NDArray[np.float32]]] = [[] for _ in outputs]
    for first in range(0, window_count, _WINDOWS_AT_ONCE):
        batch = np.ascontiguousarray(windows[first : first + _WINDOWS_AT_ONCE, :, None])
        for part, found in zip(parts, map(convert, session.run(list(outputs), {_INPUT: batch})), strict=True):
            part.append(found[:, _MARGIN_FRAME : _MARGIN_FRAME + _KEPT_FRAME].reshape(-1, found.shape[-1]))
    return [
        np.concatenate(part)[:frame_count] if part else np.zeros((0, _PITCH_COUNT), dtype=np.float32) for part in parts
    ]


@cache
def _load_session() -> Any:
    """Load the network as it is."""
    return load_network(find_transcriber_file().read_bytes())


def load_network(content: bytes) -> Any:
    """Load an ONNX file, to run on one thread, so that results do not depend on the machine."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
