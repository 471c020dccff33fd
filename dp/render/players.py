"""Who plays the parts of a score: voices where there are any for its instrument, the soundfont for everything else."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from dp.errors import DataError
from dp.licences import list_licences, list_performers
from dp.models.checkpoint import check_performers
from dp.models.voices.play import VoiceOptions, find_rare_pitches, list_rooms, play_voices
from dp.render.ensemble import Ensemble, Voices
from dp.render.excerpt import find_part_indices
from dp.render.instruments import NEAREST, OWN, PIANO, VOICE_PROGRAMS, find_program, name_pitch, name_program
from dp.render.mix_parts import Samples
from dp.render.soundfont_player import SoundfontPlayer
from dp.render_options import RenderOptions
from dp.types import PerformedNotes, Score
from dp.units import A4_HZ, FloatArray, IntArray


class Player(Protocol):
    """Whoever makes the notes of a part sound."""

    @property
    def name(self) -> str:
        """What provenance calls it."""

    @property
    def sample_rate_hz(self) -> float:
        """Rate of its samples."""

    def play(self, notes: PerformedNotes, level_db: FloatArray, seed: int) -> Iterator[Samples]:
        """Yield blocks of mono samples [L] from time 0 on.

        Args:
            notes: N as performed.
            level_db: [N] how much louder than usual each is.
            seed: of whatever is drawn; the same makes the same samples.
        """


@dataclass(frozen=True)
class VoicesPlayer:
    """Plays by voices."""

    name: str
    checkpoint: Voices
    options: VoiceOptions

    @property
    def sample_rate_hz(self) -> float:
        """Rate of its samples."""
        return self.checkpoint.model.dims.sample_rate_hz

    def play(self, notes: PerformedNotes, level_db: FloatArray, seed: int) -> Iterator[Samples]:
        """See `Player`."""
        if self.checkpoint.model.dims.hears_velocity:  # it knows how loud a note with a velocity is
            level_db = np.where(notes.velocity > 0, 0.0, level_db)
        return play_voices(notes, level_db, self.checkpoint, replace(self.options, seed=seed))


@dataclass(frozen=True)
class RetunedPlayer:
    """Another player at another tuning: it plays faster, and its waveform is stretched to the tempo again."""

    player: Player
    tuning_hz: float

    @property
    def name(self) -> str:
        """That of the player."""
        return self.player.name

    @property
    def sample_rate_hz(self) -> float:
        """Rate at which its samples are to be heard."""
        return self.player.sample_rate_hz * self.tuning_hz / A4_HZ

    def play(self, notes: PerformedNotes, level_db: FloatArray, seed: int) -> Iterator[Samples]:
        """See `Player`."""
        speed = self.tuning_hz / A4_HZ
        faster = replace(notes, onset_sec=notes.onset_sec * speed, offset_sec=notes.offset_sec * speed)
        return self.player.play(faster, level_db, seed)


@dataclass(frozen=True)
class PartPlayer:
    """Who plays one part."""

    part: int  # index in the score
    program: int  # General MIDI, from 0
    player: Player

    def describe(self) -> dict[str, Any]:
        """Describe it for the provenance."""
        player = self.player
        facts: dict[str, Any] = {"part": self.part + 1, "program": self.program, "player": player.name}
        if isinstance(player, VoicesPlayer):
            made = player.checkpoint
            facts |= {
                "step": made.step,
                "version": made.version,
                "weights_sha256": made.weights_sha256,
                "licences": list(list_licences(made.trained_on)),
                "performers": list(list_performers(made.trained_on)),
            }
        return facts


@dataclass(frozen=True)
class _Choice:
    """What is to play a part: voices by name, or where there is no name the soundfont."""

    part: int
    program: int
    voices: str | None
    said: str = ""  # what is not as the score asks


def choose_players(
    score: Score, notes: PerformedNotes, part: IntArray, options: RenderOptions, ensemble: Ensemble
) -> tuple[tuple[PartPlayer, ...], tuple[str, ...]]:
    """Choose a player for each part that has notes.

    Args:
        score: whose parts they are.
        notes: N as performed.
        part: [N] index of each note's part.
        options: of which instruments, performers, room, expression and tuning count.
        ensemble: of which the voices are there.

    Returns:
        The players in the order of the score, and what is to be said about the choice.

    Raises:
        DataError: an instrument, a part, a performer or a room is unknown.
    """
    asked = {index: text for name, text in options.instruments for index in find_part_indices(score, name)}
    choices, unsaid = [], []
    for index in np.unique(part).tolist():
        program = score.part_programs[index] if index < len(score.part_programs) else None
        subject = _name_part(score, index)
        if index in asked:
            choices.append(_choose_asked(index, asked[index], ensemble))
        elif ensemble.only is not None:
            choices.append(_Choice(index, VOICE_PROGRAMS.get(ensemble.only, program or PIANO), ensemble.only))
        else:
            unsaid += [subject] if program is None else []
            choices.append(_choose_by_program(index, subject, program or PIANO, notes.take(part == index), ensemble))
    makers = _prepare_voices([choice.voices for choice in choices if choice.voices is not None], options, ensemble)
    made = tuple(
        PartPlayer(choice.part, choice.program, _make_player(choice, makers, options.tuning_hz)) for choice in choices
    )
    said = [choice.said for choice in choices if choice.said]
    if unsaid:
        verb = "plays it" if len(unsaid) == 1 else "plays them"
        said.insert(0, f"the score names no instrument for {', '.join(unsaid)}: a piano {verb}")
    return made, (*dict.fromkeys(said), *_list_rare(made, notes, part))


def _choose_asked(part: int, text: str, ensemble: Ensemble) -> _Choice:
    """Choose the instrument that was asked for: voices by their name, else the soundfont's."""
    name = text.strip().casefold()
    if name in ensemble.folders:
        return _Choice(part, VOICE_PROGRAMS.get(name, PIANO), name)
    if name in VOICE_PROGRAMS:
        return _Choice(part, VOICE_PROGRAMS[name], None, _say_absent(name))
    return _Choice(part, find_program(text.strip()), None)


def _choose_by_program(part: int, subject: str, program: int, notes: PerformedNotes, ensemble: Ensemble) -> _Choice:
    """Choose a program's own voices, or the nearest if they heard all the pitches, else the soundfont."""
    own, near = OWN.get(program), NEAREST.get(program)
    if own is not None:
        return (
            _Choice(part, program, own) if own in ensemble.folders else _Choice(part, program, None, _say_absent(own))
        )
    if near is None or near not in ensemble.folders or find_rare_pitches(ensemble.load(near), notes):
        return _Choice(part, program, None)
    return _Choice(part, program, near, f"{subject}: the {near} plays it, as the nearest to {name_program(program)}")


def _say_absent(name: str) -> str:
    return f"the {name} that comes with dp is not installed: the General MIDI soundfont's plays"


def check_known(options: RenderOptions, known: Sequence[Voices]) -> None:
    """Check that some of the voices know each performer, and the room.

    Raises:
        DataError: none of them does, or a weight is not above 0.
    """
    performers = sorted({name for voices in known for name in voices.performer_names})
    check_performers(options.performers, performers, "the models that play")
    rooms = list(dict.fromkeys(room for voices in known for room in list_rooms(voices)))
    if options.room is not None and options.room not in rooms:
        said = ", ".join(rooms) or "none"
        raise DataError(f"room {options.room!r}", "is unknown to the models that play", f"known: {said}")


def _prepare_voices(
    names: Sequence[str], options: RenderOptions, ensemble: Ensemble
) -> dict[str, tuple[Voices, VoiceOptions]]:
    """Load the voices that play, and find for each which of the performers and rooms asked for it knows."""
    loaded = {name: ensemble.load(name) for name in dict.fromkeys(names)}
    check_known(options, list(loaded.values()))
    made = {}
    for name, voices in loaded.items():
        cast = tuple(share for share in options.performers if share[0] in voices.performer_names)
        room = options.room if options.room in list_rooms(voices) else None
        made[name] = voices, VoiceOptions(cast, room, options.seed, options.expression, options.tuning_hz)
    return made


def _make_player(choice: _Choice, voices: Mapping[str, tuple[Voices, VoiceOptions]], tuning_hz: float) -> Player:
    if choice.voices is not None:
        return VoicesPlayer(choice.voices, *voices[choice.voices])
    player = SoundfontPlayer(choice.program)
    return player if tuning_hz == A4_HZ else RetunedPlayer(player, tuning_hz)


def _list_rare(players: Sequence[PartPlayer], notes: PerformedNotes, part: IntArray) -> list[str]:
    """Say which pitches the voices that play them heard never or hardly."""
    rare: dict[str, set[int]] = {}
    for item in players:
        if isinstance(item.player, VoicesPlayer):
            found = find_rare_pitches(item.player.checkpoint, notes.take(part == item.part))
            rare.setdefault(item.player.name, set()).update(found)
    return [
        f"the {name} never or hardly heard {', '.join(map(name_pitch, sorted(pitches)))} when it learned"
        for name, pitches in rare.items()
        if pitches
    ]


def _name_part(score: Score, index: int) -> str:
    name = score.part_names[index] if index < len(score.part_names) else ""
    return f"part {index + 1} {name}".rstrip()
