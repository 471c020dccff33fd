"""Tiny soundfonts, built in code: one sample, one instrument, one preset."""

import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from dp.audio import soundfont as sf

RATE_HZ = 44100
PERIOD_SAMPLE = 100  # 441 Hz; whole periods of it are looped


def make_wave(period_count: int = 441) -> np.ndarray:
    return np.rint(16384 * np.sin(2 * np.pi * np.arange(PERIOD_SAMPLE * period_count) / PERIOD_SAMPLE)).astype("<i2")


def write(
    path: Path, own: Mapping[int, int], added: Mapping[int, int] | None = None, wave: np.ndarray | None = None
) -> Path:
    """Write a soundfont whose program 0 plays a sine of 441 Hz at pitch 69.

    Args:
        path: the file.
        own: generators of the instrument's zone.
        added: generators of the preset's zone.
        wave: the sample; the last period but one is its loop.
    """
    wave = make_wave() if wave is None else wave
    preset, instrument = [*(added or {}).items(), (sf.INSTRUMENT, 0)], [*own.items(), (sf.SAMPLE, 0)]
    loop = len(wave) - 2 * PERIOD_SAMPLE
    pdta = {
        b"phdr": struct.pack("<20sHHHIII", b"Sine", 0, 0, 0, 0, 0, 0)
        + struct.pack("<20sHHHIII", b"", 0, 0, 1, 0, 0, 0),
        b"pbag": struct.pack("<4H", 0, 0, len(preset), 0),
        b"pmod": bytes(10),
        b"pgen": b"".join(struct.pack("<Hh", *generator) for generator in preset) + bytes(4),
        b"inst": struct.pack("<20sH20sH", b"Sine", 0, b"", 1),
        b"ibag": struct.pack("<4H", 0, 0, len(instrument), 0),
        b"imod": bytes(10),
        b"igen": b"".join(struct.pack("<Hh", *generator) for generator in instrument) + bytes(4),
        b"shdr": struct.pack("<20sIIIIIBbHH", b"Sine", 0, len(wave), loop, loop + PERIOD_SAMPLE, RATE_HZ, 69, 0, 0, 1)
        + bytes(46),
    }
    lists = b"".join(
        _chunk(b"LIST", kind + b"".join(_chunk(*item) for item in items.items()))
        for kind, items in {b"sdta": {b"smpl": wave.tobytes()}, b"pdta": pdta}.items()
    )
    path.write_bytes(_chunk(b"RIFF", b"sfbk" + lists))
    return path


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)
