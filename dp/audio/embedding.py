"""Embed sounds as vectors, by an inner layer of basic-pitch's network (Bittner et al., ICASSP 2022).

The network that transcribes ships in a package and is there already. Its inner layers look at the spectrum within a few
frames and half-tones, harmonics side by side: the 32 channels below the note output, and the 32 that find onsets. Here
their mean over all pitches and a second stands for a sound. Sounds are brought to one level first. The network has
learned which notes sound, not how natural they are; it hears nothing above 11 kHz, and what happens within a second is
averaged away.
"""

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from dp.audio.transcription import find_transcriber_file, load_network, run_network

F32 = npt.NDArray[np.float32]

EMBEDDING_SIZE = 64
FRAMES_EACH = 86  # a second
_ROOT_MEAN_SQUARE = 0.1  # of samples
_LAYERS = ("Relu__42:0", "Relu__35:0")  # [windows, 32, frames, 88] of notes and of onsets
_GRAPH_FIELD, _OUTPUT_FIELD, _NAME_FIELD = 7, 12, 1  # of ONNX's protocol buffers


def embed_sound(samples: F32, sample_rate_hz: int) -> F32:
    """Embed a sound [L] as a vector a second, [n, EMBEDDING_SIZE]; what is left at the end is no second.

    Raises:
        DataError: onnxruntime or basic-pitch is not installed.
    """
    if len(samples) == 0:
        return np.zeros((0, EMBEDDING_SIZE), dtype=np.float32)
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    samples = samples * np.float32(_ROOT_MEAN_SQUARE / max(power, 1e-12) ** 0.5)
    frames = np.concatenate(run_network(_load_session(), _LAYERS, samples, sample_rate_hz, _average_pitches), axis=1)
    count = len(frames) // FRAMES_EACH
    out: F32 = frames[: count * FRAMES_EACH].reshape(count, FRAMES_EACH, EMBEDDING_SIZE).mean(axis=1)
    return out


def _average_pitches(layer: F32) -> F32:
    """Average a layer [windows, 32, frames, 88] over its pitches, [windows, frames, 32]."""
    return np.moveaxis(layer.mean(axis=3), 1, 2)


@cache
def _load_session() -> Any:
    """Load the network with the inner layers among its outputs."""
    outputs = b"".join(_write_field(_OUTPUT_FIELD, _write_field(_NAME_FIELD, name.encode())) for name in _LAYERS)
    # Protocol buffers that follow one another are merged: these outputs come to those of the file.
    return load_network(find_transcriber_file().read_bytes() + _write_field(_GRAPH_FIELD, outputs))


def _write_field(number: int, content: bytes) -> bytes:
    """Write a field of fewer than 128 bytes as a protocol buffer has it."""
    return bytes([number << 3 | 2, len(content)]) + content
