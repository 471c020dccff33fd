"""What players may repeat, or not, in a MIDI file, which has no repeat signs."""

from collections.abc import Sequence
from pathlib import Path

import pretty_midi
import pytest

from dp.score import read_score
from dp.types import Repeat

A, B, C = ((60, 62, 64, 65), (67, 69, 71, 72), (59, 57, 55, 53))  # of each bar one pitch


def repeats_of(path: Path, *sections: Sequence[int]) -> tuple[Repeat, ...]:
    """The repeats of a file in 4/4 and, by default, at 120 quarters a minute: each bar has a pitch of its own."""
    midi = pretty_midi.PrettyMIDI(resolution=24)
    instrument = pretty_midi.Instrument(40)
    midi.instruments.append(instrument)
    for bar, pitch in enumerate(pitch for section in sections for pitch in section):
        for beat, step in enumerate((0, 2, 4, 0)):
            begin_sec = 2.0 * bar + 0.5 * beat
            instrument.notes.append(pretty_midi.Note(64 + bar % 7, pitch + step, begin_sec, begin_sec + 0.5))
    midi.write(str(path / "score.mid"))
    return read_score(path / "score.mid").repeats


def stretches_of(repeats: Sequence[Repeat]) -> list[tuple[float, str, bool]]:
    assert all(repeat.is_written == repeat.is_declared for repeat in repeats)
    return [(repeat.at_quarter, repeat.bars, repeat.is_written) for repeat in repeats]


def test_what_never_comes_again_may_be_repeated_as_a_whole(tmp_path: Path) -> None:
    assert repeats_of(tmp_path, A, B) == (Repeat(32.0, 0.0, 32.0, False, "1-8", is_declared=False),)


def test_what_comes_again_at_once_may_be_left_out(tmp_path: Path) -> None:
    found = repeats_of(tmp_path, A, A, B)
    assert found[0] == Repeat(0.0, 0.0, 16.0, True, "1-4")
    assert stretches_of(found[1:]) == [(48.0, "9-12", False), (48.0, "1-12", False), (48.0, "1-4", False)]


def test_of_three_passes_two_may_be_left_out(tmp_path: Path) -> None:
    found = repeats_of(tmp_path, B, A, A, A)
    assert found[0] == Repeat(16.0, 0.0, 16.0, False, "1-4", is_declared=False)
    assert found[1:3] == (Repeat(16.0, 16.0, 32.0, True, "5-8"), Repeat(32.0, 32.0, 48.0, True, "9-12"))


def test_what_comes_again_later_is_a_section(tmp_path: Path) -> None:
    found = stretches_of(repeats_of(tmp_path, A, B, A))
    expected = [(16.0, "1-4"), (32.0, "5-8"), (48.0, "9-12"), (48.0, "1-12"), (48.0, "5-8")]
    assert found == [(at, bars, False) for at, bars in expected]


def test_passes_may_end_differently(tmp_path: Path) -> None:
    found = repeats_of(tmp_path, A, (70, 73, 75), (77,), A, (70, 73, 75), (78,), C)
    assert found[0] == Repeat(0.0, 0.0, 32.0, True, "1-8")
    assert not any(repeat.is_written for repeat in found[1:])


@pytest.mark.parametrize("section", [(60,), (60, 62)])
def test_figures_shorter_than_eight_quarters_are_no_passes(tmp_path: Path, section: tuple[int, ...]) -> None:
    """Of a bar that is played eight times, two bars at a time may be left out; never one alone."""
    found = repeats_of(tmp_path, *[section] * (8 // len(section)))
    written = [repeat for repeat in found if repeat.is_written]
    assert [repeat.bars for repeat in written] == ["1-2", "3-4", "5-6"]


def test_the_same_notes_in_another_rhythm_are_no_pass(tmp_path: Path) -> None:
    midi = pretty_midi.PrettyMIDI(resolution=24)
    instrument = pretty_midi.Instrument(40)
    midi.instruments.append(instrument)
    for i in range(16):
        begin_sec = 0.5 * i
        instrument.notes.append(pretty_midi.Note(64, 60 + i % 8, begin_sec, begin_sec + (0.5 if i < 8 else 0.25)))
    midi.write(str(tmp_path / "score.mid"))
    assert [repeat.bars for repeat in read_score(tmp_path / "score.mid").repeats] == ["1-4"]
