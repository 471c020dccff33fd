"""Who plays which part: voices and the soundfont, and what is said about it."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dp.errors import DataError
from dp.render.ensemble import Ensemble
from dp.render.instruments import find_program, name_pitch
from dp.render.performance import plan_as_written
from dp.render.players import PartPlayer, RetunedPlayer, VoicesPlayer, choose_players
from dp.render_options import RenderOptions
from dp.types import Score
from tests.factories import notes_in_order, score_of
from tests.render.untrained_voices import ensemble, voices

BOTH = ("violin", "piano")


def parts_of(*programs: int | None, pitch: int = 69) -> Score:
    """A score of parts P1, P2, ... of one note each."""
    notes = notes_in_order([(0.0, 1.0, pitch)] * len(programs), part=list(range(len(programs))))
    names = tuple(f"P{number}" for number in range(1, len(programs) + 1))
    return replace(score_of(notes), part_names=names, part_programs=programs)


def choose(score: Score, players: Ensemble, **options: Any) -> tuple[tuple[PartPlayer, ...], tuple[str, ...]]:
    asked = RenderOptions(**options)
    performance = plan_as_written(score, asked)
    assert performance.part is not None
    return choose_players(score, performance.performed, performance.part, asked, players)


def who(score: Score, players: Ensemble, **options: Any) -> list[str]:
    return [item.player.name for item in choose(score, players, **options)[0]]


def voice_of(item: PartPlayer) -> VoicesPlayer:
    assert isinstance(item.player, VoicesPlayer)
    return item.player


def test_instruments_find_their_players() -> None:
    score = parts_of(40, 0, 1, 73, 6)
    made, said = choose(score, ensemble(*BOTH))
    assert [item.program for item in made] == [40, 0, 1, 73, 6]
    assert [isinstance(item.player, VoicesPlayer) for item in made] == [True, True, True, False, False]
    assert [item.player.name for item in made[:3]] == ["violin", "piano", "piano"]
    assert said == ()


def test_a_part_without_notes_has_no_player() -> None:
    score = replace(parts_of(40, 73), part_names=("P1", "P2", "P3"), part_programs=(40, 73, 0))
    assert [item.part for item in choose(score, ensemble())[0]] == [0, 1]


@pytest.mark.parametrize(("program", "own"), [(41, "violin"), (110, "violin"), (2, "piano"), (3, "piano")])
def test_families_near_by_are_played_by_the_nearest_and_it_is_said(program: int, own: str) -> None:
    made, said = choose(parts_of(program), ensemble(*BOTH))
    assert voice_of(made[0]).name == own
    (line,) = said
    assert line.startswith(f"part 1 P1: the {own} plays it, as the nearest to ")


def test_the_nearest_plays_only_what_it_heard() -> None:
    made, said = choose(parts_of(41, pitch=48), ensemble(*BOTH))
    assert made[0].program == 41 and not isinstance(made[0].player, VoicesPlayer)
    assert said == ()


def test_what_the_score_does_not_say_is_a_piano_and_that_is_said() -> None:
    made, said = choose(replace(parts_of(None, 40, None), part_programs=(None, 40)), ensemble(*BOTH))
    assert [item.player.name for item in made] == ["piano", "violin", "piano"]
    assert said == ("the score names no instrument for part 1 P1, part 3 P3: a piano plays them",)


def test_voices_that_are_not_installed_are_told_once() -> None:
    made, said = choose(parts_of(40, 40, 73), ensemble("piano"))
    assert [item.program for item in made] == [40, 40, 73]
    assert not any(isinstance(item.player, VoicesPlayer) for item in made)
    assert said == ("the violin that comes with dp is not installed: the General MIDI soundfont's plays",)


def test_pitches_hardly_heard_are_named_in_one_line() -> None:
    notes = notes_in_order([(0.0, 1.0, 73), (0.0, 1.0, 50), (1.0, 1.0, 69)], part=[0, 1, 1])
    score = replace(score_of(notes), part_names=("A", "B"), part_programs=(40, 40))
    _, said = choose(score, ensemble(*BOTH, heard=[69]))
    assert said == ("the violin never or hardly heard D3, C#5 when it learned",)


def test_instruments_asked_for() -> None:
    score = parts_of(40, 40, 40, 40)
    asked = (("P1", "Piano"), ("2", "flute"), ("p3", "56"), ("P4", "40"))
    made, _ = choose(score, ensemble(*BOTH), instruments=asked)
    assert [item.program for item in made] == [0, 73, 56, 40]
    assert voice_of(made[0]).name == "piano"
    assert not any(isinstance(item.player, VoicesPlayer) for item in made[1:])


def test_one_model_for_all_parts_but_those_asked_for() -> None:
    made, _ = choose(parts_of(73, None), ensemble(*BOTH, only="violin"), instruments=(("P2", "piano"),))
    assert [(voice_of(item).name, item.program) for item in made] == [("violin", 40), ("piano", 0)]


def test_performers_and_rooms_go_to_those_who_know_them() -> None:
    made, _ = choose(parts_of(40, 0), ensemble(*BOTH), performers=(("bo", 2.0), ("cy", 1.0)), room="room of cy")
    violin, piano = voice_of(made[0]).options, voice_of(made[1]).options
    assert violin.performers == (("bo", 2.0),) and violin.room is None
    assert piano.performers == (("cy", 1.0),) and piano.room == "room of cy"
    made, _ = choose(parts_of(40, 0), ensemble(*BOTH), room="studio", expression=0.5, tuning_hz=415.0)
    assert {voice_of(item).options.room for item in made} == {"studio"}
    assert {(voice_of(item).options.expression, voice_of(item).options.tuning_hz) for item in made} == {(0.5, 415.0)}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"performers": (("cy", 1.0),)}, r"performer 'cy': is unknown to the models that play; known: ann, bo"),
        ({"performers": (("ann", -1.0),)}, "has the weight -1"),
        ({"room": "hall"}, r"room 'hall': is unknown to the models that play; known: room of ann, room of bo, studio"),
        ({"instruments": (("P9", "flute"),)}, "has no part 'P9'"),
        ({"instruments": (("P1", "kazoo"),)}, "names 'kazoo', which is no instrument here"),
        ({"instruments": (("P1", "guitar"),)}, "may be several instruments; give one of Acoustic Guitar"),
        ({"instruments": (("P1", "128"),)}, "asks for program 128; give 0 to 127"),
    ],
)
def test_what_cannot_be_played(options: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        choose(parts_of(40, 73), ensemble(*BOTH), **options)


def test_without_voices_nobody_is_known() -> None:
    with pytest.raises(DataError, match="known: none"):
        choose(parts_of(73), ensemble(*BOTH), performers=(("ann", 1.0),))


def test_the_soundfont_is_tuned_by_playing_faster() -> None:
    ((plain,), _), ((tuned,), _) = choose(parts_of(73), ensemble()), choose(parts_of(73), ensemble(), tuning_hz=415.0)
    assert isinstance(tuned.player, RetunedPlayer)
    assert tuned.player.sample_rate_hz == pytest.approx(plain.player.sample_rate_hz * 415 / 440)
    assert tuned.player.name == plain.player.name


def test_velocities_count_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that hears velocities is told no level for a note that has one."""
    seen = []
    monkeypatch.setattr("dp.render.players.play_voices", lambda *arguments: seen.append(arguments[1]))
    (item,), _ = choose(parts_of(40), ensemble("violin"))
    player, notes = voice_of(item), plan_as_written(parts_of(40, 40), RenderOptions()).performed
    notes = replace(notes, velocity=np.array([0, 90]))
    player.play(notes, np.array([-3.0, 2.0]), 1)
    model = player.checkpoint.model
    monkeypatch.setattr(model, "dims", replace(model.dims, hears_velocity=True))
    player.play(notes, np.array([-3.0, 2.0]), 1)
    assert [levels.tolist() for levels in seen] == [[-3.0, 2.0], [-3.0, 0.0]]


def test_the_provenance_of_a_part() -> None:
    made, _ = choose(parts_of(40, 73), ensemble(*BOTH))
    assert made[0].describe() == {
        "part": 1,
        "program": 40,
        "player": "violin",
        "step": 7,
        "version": voices().version,
        "weights_sha256": "",
        "licences": ["CC0-1.0"],
        "performers": ["ann", "bo"],
    }
    assert made[1].describe() == {"part": 2, "program": 73, "player": made[1].player.name}


def test_names_of_programs_and_pitches() -> None:
    found = [find_program(text) for text in ("0", "127", "Violin", "choir aahs", "Acoustic Guitar (nylon)", "french")]
    assert found == [0, 127, 40, 52, 24, 60]
    assert [name_pitch(pitch) for pitch in (0, 61, 69, 127)] == ["C-1", "C#4", "A4", "G9"]
