"""Suites with exact truth, made from what is at hand: performances by humans, played by a soundfont in a room.

- S1, S2: eight piano performances, eight violin movements; the project's figures are theirs
- H1, H2, H3: held out, other performances, rooms, noise, tunings and instruments; confidence is fitted on these and M
- M: many short ones, for judging which scores are taken to fit

An item is a folder with audio.wav (44.1 kHz, mono), the score as MusicXML, truth.csv (the notes as played through,
onset_s, offset_s: the key's release, offset_sound_s: the end of sound, matched: 0 = the note was not played), score.csv
(its first three columns) and meta.json. All is seeded, so a suite is the same wherever it is made.
"""

import json
import math
import shutil
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import soundfile

from bench.align.performances import (
    Truth,
    bach_performance,
    bach_score,
    piano_performance,
    read_truth,
    transposed_score,
    write_truth,
)
from bench.align.rendering import F32, SAMPLE_RATE_HZ, Room, play, record, write_recording

SOUNDFONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")  # the onset net's training uses others
CHAMBER = Room((0.4, 1.2), 8.0, 40.0)
HALL = Room((1.3, 2.4), 3.0, 45.0)
OLD_TAPE = Room((0.3, 0.6), 12.0, 22.0)
CHOPIN, SCHUBERT = "Chopin_op10_no3", "Schubert_D783_no15"


@dataclass(frozen=True)
class PianoItem:
    """A performance of Vienna 4x22."""

    piece: str
    pianist: int
    program: int = 0  # General MIDI, counted from 0
    room: Room = CHAMBER

    @property
    def name(self) -> str:
        """The item's folder."""
        return f"{self.piece}_p{self.pianist:02d}"

    @property
    def seed(self) -> str:
        """What its draws are seeded with, beside the suite."""
        return f"{self.piece}{self.pianist}"


@dataclass(frozen=True)
class BachItem:
    """A movement of the Bach Violin Dataset."""

    movement: str
    cents: int = 0  # above A = 440 Hz
    program: int = 40
    octaves: int = 0  # sound and score are moved by
    room: Room = CHAMBER

    @property
    def name(self) -> str:
        """The item's folder."""
        tuning = f"_{440 * 2 ** (self.cents / 1200):.0f}hz" if abs(self.cents) >= 30 else ""
        return self.movement + tuning + (f"_program{self.program}" if self.program != 40 else "")

    @property
    def seed(self) -> str:
        """What its draws are seeded with, beside the suite."""
        return f"{self.movement}{self.cents}"


def _cents(tuning_hz: float) -> int:
    return round(1200 * math.log2(tuning_hz / 440))


SUITES: dict[str, tuple[PianoItem | BachItem, ...]] = {
    "S1": (
        *(PianoItem(CHOPIN, pianist) for pianist in (3, 14, 6, 19)),
        *(PianoItem(SCHUBERT, pianist) for pianist in (5, 20, 11, 17)),
    ),
    "S2": (
        BachItem("ray-chen_bwv1004_mov5"),
        BachItem("iris-kengen_bwv1001_mov2"),
        BachItem("minji-kim_bwv1003_mov3"),
        BachItem("oliver-colbentson_bwv1006_mov1"),
        BachItem("john-garner_bwv1002_mov4", 10),
        BachItem("dario-hulsing_bwv1004_mov4"),
        BachItem("luna-van-leeuwen_bwv1006_mov2", -15),
        BachItem("karen-gomyo_bwv1006_mov6", 20),
    ),
    "H1": (
        PianoItem(CHOPIN, 5, 0, HALL),
        PianoItem(CHOPIN, 8, 1, OLD_TAPE),
        PianoItem(CHOPIN, 13, 3, HALL),  # honky-tonk
        PianoItem(CHOPIN, 17, 4, OLD_TAPE),  # electric piano
        PianoItem(SCHUBERT, 1, 0, OLD_TAPE),
        PianoItem(SCHUBERT, 8, 1, HALL),
        PianoItem(SCHUBERT, 14, 2, OLD_TAPE),
        PianoItem(SCHUBERT, 19, 0, HALL),
    ),
    "H2": (
        BachItem("yente-lottman_bwv1005_mov3", room=HALL),
        BachItem("silei-li_bwv1003_mov2", _cents(415), room=HALL),
        BachItem("ko-donghwi_bwv1001_mov4", _cents(415), room=OLD_TAPE),
        BachItem("emil-telmanyi_bwv1005_mov1", _cents(442), room=OLD_TAPE),
        BachItem("shunske-sato_bwv1002_mov8", _cents(392), room=HALL),
        BachItem("karen-gomyo_bwv1006_mov3", _cents(466), room=OLD_TAPE),
        BachItem("john-garner_bwv1002_mov2", _cents(430), room=HALL),
        BachItem("emil-telmanyi_bwv1004_mov4", _cents(452), room=OLD_TAPE),
    ),
    "H3": (
        BachItem("emil-telmanyi_bwv1006_mov7", 0, 73, 1, OLD_TAPE),  # flute
        BachItem("shunske-sato_bwv1004_mov3", 0, 42, -1, HALL),  # cello
        BachItem("emil-telmanyi_bwv1006_mov6", 0, 71, 0, CHAMBER),  # clarinet
        BachItem("john-garner_bwv1002_mov3", 0, 56, 0, HALL),  # trumpet
        BachItem("shunske-sato_bwv1005_mov3", 0, 19, 0, HALL),  # church organ
        BachItem("karen-gomyo_bwv1006_mov7", 0, 24, -1, OLD_TAPE),  # guitar
        BachItem("emil-telmanyi_bwv1002_mov8", _cents(415), 6, 0, CHAMBER),  # harpsichord
        BachItem("emil-telmanyi_bwv1004_mov3", 0, 48, 0, CHAMBER),  # string ensemble
        BachItem("oliver-colbentson_bwv1006_mov3", 0, 12, 0, CHAMBER),  # marimba
        BachItem("karen-gomyo_bwv1006_mov5", 0, 66, -1, OLD_TAPE),  # saxophone
    ),
}
_USED_PIANISTS = {CHOPIN: (3, 14, 6, 19, 5, 8, 13, 17), SCHUBERT: (5, 20, 11, 17, 1, 8, 14, 19)}
_SHORT_MOVEMENTS = (
    "emil-telmanyi_bwv1002_mov2",
    "emil-telmanyi_bwv1002_mov3",
    "emil-telmanyi_bwv1002_mov4",
    "emil-telmanyi_bwv1002_mov5",
    "emil-telmanyi_bwv1002_mov6",
    "emil-telmanyi_bwv1004_mov1",
    "emil-telmanyi_bwv1004_mov2",
    "emil-telmanyi_bwv1005_mov4",
    "emil-telmanyi_bwv1006_mov4",
    "emil-telmanyi_bwv1006_mov5",
    "emil-telmanyi_bwv1001_mov4",
    "karen-gomyo_bwv1006_mov4",
    "karen-gomyo_bwv1006_mov4-2",
    "john-garner_bwv1002_mov5",
    "shunske-sato_bwv1006_mov3",
    "shunske-sato_bwv1006_mov4",
    "shunske-sato_bwv1006_mov4-2",
    "shunske-sato_bwv1006_mov5",
    "shunske-sato_bwv1006_mov6",
    "shunske-sato_bwv1006_mov7",
    "shunske-sato_bwv1004_mov2",
    "shunske-sato_bwv1002_mov2",
    "oliver-colbentson_bwv1006_mov4",
    "oliver-colbentson_bwv1006_mov5",
    "oliver-colbentson_bwv1006_mov6",
)


def _many() -> tuple[PianoItem | BachItem, ...]:
    """What is in no other suite, through rooms, instruments and tunings in turn."""
    rooms = (CHAMBER, HALL, OLD_TAPE)
    free = [(piece, k) for piece in (CHOPIN, SCHUBERT) for k in range(1, 23) if k not in _USED_PIANISTS[piece]]
    pianos = (PianoItem(piece, k, (0, 1, 0, 4)[i % 4], rooms[i % 3]) for i, (piece, k) in enumerate(free))
    bach = (
        BachItem(movement, (0, 12, -100, -25, 0)[i % 5], (40, 73, 40, 42, 68, 40, 24)[i % 7], 0, rooms[i % 3])
        for i, movement in enumerate(_SHORT_MOVEMENTS)
    )
    return (*pianos, *bach)


SUITES["M"] = _many()


@dataclass(frozen=True)
class Item:
    """One recording of a suite."""

    suite: str
    name: str
    folder: Path
    score_path: Path
    program: int
    duration_sec: float
    truth: Truth

    @property
    def audio_path(self) -> Path:
        """The recording."""
        return self.folder / "audio.wav"


@dataclass(frozen=True)
class Data:
    """Where the data sets are."""

    bach_violin: Path
    vienna: Path
    soundfont: Path = SOUNDFONT


def build_suite(suite: str, out: Path, data: Data) -> list[Item]:
    """The items of a suite below `out`, the shortest first; what is there already is used as it is.

    Raises:
        DataError: the data are not there, or fluidsynth is not.
    """
    items = []
    for spec in SUITES[suite]:
        folder = out / suite / spec.name
        meta = folder / "meta.json"
        described = json.loads(json.dumps(asdict(spec)))
        if not meta.is_file() or json.loads(meta.read_text(encoding="utf-8")) != described:
            folder.mkdir(parents=True, exist_ok=True)
            for stale in folder.iterdir():
                stale.unlink()
            rng = np.random.default_rng(zlib.crc32(f"{suite}{spec.seed}".encode()))
            if isinstance(spec, PianoItem):
                truth = _make_piano(spec, rng, folder, data)
            else:
                truth = _make_bach(spec, rng, folder, data)
            write_truth(folder / "truth.csv", truth)
            written = np.column_stack([truth.pitch, truth.onset_quarter, truth.duration_quarter])
            header = "pitch,onset_quarter,duration_quarter"
            np.savetxt(folder / "score.csv", written, ["%d", "%.6f", "%.6f"], ",", header=header, comments="")
            meta.write_text(json.dumps(described), encoding="utf-8")  # last: what has it is complete
        items.append(_read_item(suite, folder, spec.program))
    return sorted(items, key=lambda item: item.duration_sec)


def _read_item(suite: str, folder: Path, program: int) -> Item:
    score_path = next(path for path in folder.glob("score.*") if path.suffix in (".mxl", ".musicxml"))
    duration_sec = soundfile.info(folder / "audio.wav").duration
    return Item(suite, folder.name, folder, score_path, program, duration_sec, read_truth(folder / "truth.csv"))


def _make_piano(spec: PianoItem, rng: np.random.Generator, folder: Path, data: Data) -> Truth:
    lead_sec = rng.uniform(0.4, 1.6)
    midi, truth = piano_performance(data.vienna, spec.piece, spec.pianist, spec.program, lead_sec)
    write_recording(folder / "audio.wav", record(play(midi, data.soundfont), spec.room, rng))
    shutil.copyfile(data.vienna / "musicxml" / f"{spec.piece}.musicxml", folder / "score.musicxml")
    return truth


def _make_bach(spec: BachItem, rng: np.random.Generator, folder: Path, data: Data) -> Truth:
    midi, truth = bach_performance(data.bach_violin, spec.movement, spec.program, spec.cents, spec.octaves, rng)
    dry = play(midi, data.soundfont)
    tail: F32 = np.zeros(int(rng.uniform(0.2, 1.5) * SAMPLE_RATE_HZ), dtype=np.float32)
    write_recording(folder / "audio.wav", record(np.concatenate([dry, tail]), spec.room, rng))
    score = bach_score(data.bach_violin, spec.movement)
    if spec.octaves:
        (folder / "score.musicxml").write_bytes(transposed_score(score, spec.octaves))
    else:
        shutil.copyfile(score, folder / "score.mxl")
    return truth
