"""Read the instruments of a soundfont (SoundFont 2.04): which samples a key press starts, and how each is played.

A program's preset has zones, each of an instrument, which has zones, each of a sample. Generators of instrument zones
replace the defaults; those of preset zones are added to them. Modulators are not read: without controllers only two
defaults do anything, and of these that of velocity to loudness is the player's.
"""

import struct
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dp.errors import DataError

# Generators, by their numbers in the specification (8.1.2)
START, END, LOOP_START, LOOP_END = 0, 1, 2, 3  # samples, and 32768 of them:
START_COARSE, END_COARSE, LOOP_START_COARSE, LOOP_END_COARSE = 4, 12, 45, 50
LFO_PITCH, VIBRATO_PITCH, ENVELOPE_PITCH = 5, 6, 7  # cents
CUTOFF, RESONANCE = 8, 9  # absolute cents, centibels
LFO_CUTOFF, ENVELOPE_CUTOFF, LFO_LEVEL = 10, 11, 13  # cents, centibels
LFO_DELAY, LFO_RATE, VIBRATO_DELAY, VIBRATO_RATE = 21, 22, 23, 24  # timecents, absolute cents
# The first of eight: delay, attack, hold, decay, sustain, release, and keys to hold and decay
ENVELOPE, VOLUME = 25, 33
INSTRUMENT, KEYS, VELOCITIES, FIXED_KEY, ATTENUATION = 41, 43, 44, 46, 48
COARSE_TUNE, FINE_TUNE, SAMPLE, LOOP_MODE, KEY_SCALE, ROOT_KEY = 51, 52, 53, 54, 56, 58
COUNT = 61

_DEFAULTS = {CUTOFF: 13500, LFO_DELAY: -12000, VIBRATO_DELAY: -12000, KEY_SCALE: 100, FIXED_KEY: -1, ROOT_KEY: -1}
_DEFAULTS |= {first + step: -12000 for first in (ENVELOPE, VOLUME) for step in (0, 1, 2, 3, 5)}
_OF_INSTRUMENTS_ONLY = frozenset({START, END, LOOP_START, LOOP_END, START_COARSE, END_COARSE, LOOP_START_COARSE})
_OF_INSTRUMENTS_ONLY |= {LOOP_END_COARSE, FIXED_KEY, SAMPLE, LOOP_MODE, ROOT_KEY}
_ADVICE = "give a soundfont in the format SF2"
_RECORDS = {  # of the chunk pdta
    b"phdr": np.dtype([("name", "S20"), ("program", "<u2"), ("bank", "<u2"), ("bag", "<u2"), ("unused", "<u4", 3)]),
    b"inst": np.dtype([("name", "S20"), ("bag", "<u2")]),
    b"pbag": np.dtype([("generator", "<u2"), ("modulator", "<u2")]),
    b"ibag": np.dtype([("generator", "<u2"), ("modulator", "<u2")]),
    b"pgen": np.dtype([("number", "<u2"), ("amount", "<i2")]),
    b"igen": np.dtype([("number", "<u2"), ("amount", "<i2")]),
    b"shdr": np.dtype(
        {
            "names": ["start", "end", "loop_start", "loop_end", "rate", "root", "cent"],
            "formats": ["<u4", "<u4", "<u4", "<u4", "<u4", "u1", "i1"],
            "offsets": [20, 24, 28, 32, 36, 40, 41],
            "itemsize": 46,
        }
    ),
}


@dataclass(frozen=True)
class Zone:
    """One sample, and how a key press plays it."""

    generators: npt.NDArray[np.float64] = field(repr=False)  # [COUNT] in the specification's units, sample's own tuning
    # and root key included
    start: int  # of the sample in the soundfont's samples
    end: int
    loop_start: int
    loop_end: int  # = loop_start where there is no loop
    rate_hz: int
    keys: tuple[int, int]  # from, to
    velocities: tuple[int, int]


@dataclass(frozen=True)
class Program:
    """The zones of one program."""

    samples: npt.NDArray[np.int16] = field(repr=False)  # of the whole soundfont
    zones: tuple[Zone, ...]  # at least one

    def find_zones(self, pitch: int, velocity: int) -> list[Zone]:
        """Find the zones that a key press plays; beyond all of them, those of the nearest key."""
        nearest = min(_measure_distance(zone.keys, pitch) for zone in self.zones)
        of_key = [zone for zone in self.zones if _measure_distance(zone.keys, pitch) == nearest]
        softest = min(_measure_distance(zone.velocities, velocity) for zone in of_key)
        return [zone for zone in of_key if _measure_distance(zone.velocities, velocity) == softest]


def _measure_distance(span: tuple[int, int], value: int) -> int:
    return max(span[0] - value, value - span[1], 0)


def load_program(path: Path, program: int) -> Program:
    """Load one program of bank 0.

    Args:
        path: the soundfont.
        program: General MIDI, from 0.

    Raises:
        DataError: the file cannot be read, is no soundfont or has no such program.
    """
    try:
        samples, tables = _read_chunks(path)
        zones = _read_zones(tables, program)
    except OSError as error:
        raise DataError(path, f"cannot be read ({error.strerror})", _ADVICE) from error
    except (struct.error, KeyError, IndexError, ValueError) as error:
        raise DataError(path, f"is a damaged soundfont ({error})", _ADVICE) from error
    usable = tuple(zone for zone in zones if _is_usable(zone, len(samples)))
    if not usable:
        raise DataError(path, f"has no program {program}", "name another program or soundfont")
    return Program(samples, usable)


@cache  # every part of a score asks for the same file
def _read_chunks(path: Path) -> tuple[npt.NDArray[np.int16], dict[bytes, np.ndarray]]:
    """Read the samples and the tables of a soundfont."""
    data = path.read_bytes()
    if data[:4] != b"RIFF" or data[8:12] != b"sfbk":
        raise ValueError("it does not begin with RIFF and sfbk")
    found: dict[bytes, bytes] = {}
    position = 12
    while position + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, position)
        if name == b"LIST":
            position += 12  # what is inside comes next
            continue
        found[name] = data[position + 8 : position + 8 + size]
        position += 8 + size + size % 2
    samples = np.frombuffer(found[b"smpl"], dtype="<i2").astype(np.int16, copy=False)
    return samples, {name: np.frombuffer(found[name], dtype=kind) for name, kind in _RECORDS.items()}


def _read_zones(tables: dict[bytes, np.ndarray], program: int) -> list[Zone]:
    """Read the zones of a program of bank 0; the last record of every table only ends the one before it."""
    presets, instruments = tables[b"phdr"], tables[b"inst"]
    zones = []
    for index in np.flatnonzero((presets["program"][:-1] == program) & (presets["bank"][:-1] == 0)):
        bags = range(presets["bag"][index], presets["bag"][index + 1])
        for added in _list_generators(tables[b"pbag"], tables[b"pgen"], bags, INSTRUMENT):
            chosen = added[INSTRUMENT]
            inner = range(instruments["bag"][chosen], instruments["bag"][chosen + 1])
            for own in _list_generators(tables[b"ibag"], tables[b"igen"], inner, SAMPLE):
                zones.append(_make_zone(own, added, tables[b"shdr"][own[SAMPLE]]))
    return zones


def _list_generators(bags: np.ndarray, generators: np.ndarray, indices: range, last: int) -> list[dict[int, int]]:
    """List the generators of zones, by number; a first zone that does not name what it plays holds for all others."""
    listed: list[dict[int, int]] = []
    shared: dict[int, int] = {}
    for place, index in enumerate(indices):
        span = generators[bags["generator"][index] : bags["generator"][index + 1]]
        own = dict(zip(span["number"].tolist(), span["amount"].tolist(), strict=True))
        if last in own:
            listed.append(shared | own)
        elif place == 0:
            shared = own
    return listed


def _make_zone(own: dict[int, int], added: dict[int, int], header: np.void) -> Zone:
    """Make a zone of the generators of an instrument's zone, those of the preset's zone, and the sample's header."""
    values = np.zeros(COUNT)
    for number, amount in (_DEFAULTS | own).items():
        if number < COUNT:
            values[number] = amount
    for number, amount in added.items():
        if number < COUNT and number not in _OF_INSTRUMENTS_ONLY:
            values[number] += amount
    if values[ROOT_KEY] < 0:
        values[ROOT_KEY] = header["root"] if header["root"] <= 127 else 60
    values[FINE_TUNE] += header["cent"]
    loop_start = int(header["loop_start"] + values[LOOP_START] + 32768 * values[LOOP_START_COARSE])
    loop_end = int(header["loop_end"] + values[LOOP_END] + 32768 * values[LOOP_END_COARSE])
    is_loop = values[LOOP_MODE] in (1, 3) and loop_end > loop_start
    keys, velocities = ([_read_span(amounts, number) for amounts in (own, added)] for number in (KEYS, VELOCITIES))
    return Zone(
        values,
        start=int(header["start"] + values[START] + 32768 * values[START_COARSE]),
        end=int(header["end"] + values[END] + 32768 * values[END_COARSE]),
        loop_start=loop_start,
        loop_end=loop_end if is_loop else loop_start,
        rate_hz=int(header["rate"]),
        keys=(max(span[0] for span in keys), min(span[1] for span in keys)),
        velocities=(max(span[0] for span in velocities), min(span[1] for span in velocities)),
    )


def _read_span(amounts: dict[int, int], number: int) -> tuple[int, int]:
    """Read a range of keys or velocities: its ends are the two bytes of an amount."""
    amount = amounts.get(number, 127 << 8) & 0xFFFF
    return amount & 0xFF, amount >> 8


def _is_usable(zone: Zone, sample_count: int) -> bool:
    """Return whether a zone can be heard, and lies within the soundfont's samples."""
    is_inside = 0 <= zone.start < zone.end <= sample_count and zone.rate_hz > 0
    is_loop_inside = zone.loop_end == zone.loop_start or zone.start <= zone.loop_start < zone.loop_end <= zone.end
    return is_inside and is_loop_inside and zone.keys[0] <= zone.keys[1] and zone.velocities[0] <= zone.velocities[1]
