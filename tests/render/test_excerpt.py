"""Parts and bars of a score."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dp.errors import DataError
from dp.render.excerpt import cut_excerpt
from dp.score import read_score
from dp.types import PlayedBar, Score
from tests.factories import melody_xml
from tests.train import tiny

# Eight quarters in four bars of two, of which the first two are repeated: 1 2 1 2 3 4.
BARS = ("1", "2", "1", "2", "3", "4")


def score_of(
    bar_names: Sequence[str] = BARS,
    part: int = 0,
    tempo: Sequence[tuple[float, float]] = ((0.0, 60.0), (3.0, 90.0), (5.0, 120.0)),
) -> Score:
    notes = tiny.scale(2 * len(bar_names))
    bars = tuple(PlayedBar(name, 2.0 * index, 2.0 * index + 2.0) for index, name in enumerate(bar_names))
    quarters, qpm = np.array(tempo).T.reshape(2, -1)
    notes = replace(notes, part=notes.part + part, measure=np.repeat(np.arange(len(bar_names)) + 1, 2))
    return Score("piece", notes, quarters, qpm, ("Violin", "Basso, continuo", "Violin"), bars=bars)


def test_nothing_asked_for_leaves_the_score_as_it_is() -> None:
    score = score_of()
    assert cut_excerpt(score) is score


def test_bars_are_those_of_the_first_passage_that_has_them() -> None:
    """The first time of bar 2 up to the next time of bar 3, and what is played between."""
    cut = cut_excerpt(score_of(), start_bar=2, end_bar=3)
    assert cut.notes.pitch.tolist() == [60 + row for row in range(2, 10)]
    assert cut.notes.onset_quarter.tolist() == [float(row) for row in range(8)]
    assert [bar.name for bar in cut.bars] == ["2", "1", "2", "3"]
    assert cut.bars[0] == PlayedBar("2", 0.0, 2.0)


@pytest.mark.parametrize(
    ("start", "end", "pitches"),
    [
        (1, 1, [60, 61]),
        (None, 2, [60, 61, 62, 63]),
        (4, None, [70, 71]),
        (3, 4, [68, 69, 70, 71]),
        (2, 1, [62, 63, 64, 65]),
    ],
)
def test_bars(start: int | None, end: int | None, pitches: list[int]) -> None:
    assert cut_excerpt(score_of(), start_bar=start, end_bar=end).notes.pitch.tolist() == pitches


def test_the_rest_of_a_divided_bar_belongs_to_it() -> None:
    cut = cut_excerpt(score_of(("0", "1", "X1", "2", "2", "3")), start_bar=1, end_bar=2)
    assert [bar.name for bar in cut.bars] == ["1", "X1", "2", "2"]


def test_the_tempo_in_force_stays_in_force() -> None:
    cut = cut_excerpt(score_of(), start_bar=3)  # from quarter 8 on
    assert cut.tempo_quarter.tolist() == [0.0]
    assert cut.tempo_qpm.tolist() == [120.0]
    cut = cut_excerpt(score_of(), start_bar=2, end_bar=2)  # quarters 2 to 4
    assert cut.tempo_quarter.tolist() == [0.0, 1.0]
    assert cut.tempo_qpm.tolist() == [60.0, 90.0]
    assert len(cut_excerpt(score_of(tempo=()), start_bar=2).tempo_qpm) == 0
    late = cut_excerpt(score_of(tempo=((7.0, 80.0),)), start_bar=1, end_bar=1)
    assert late.tempo_qpm.tolist() == [80.0]  # the first mark holds before itself too


def test_a_note_over_the_border_is_cut_or_left_out() -> None:
    score = score_of()
    long = replace(score.notes, duration_quarter=np.full(12, 3.0))
    cut = cut_excerpt(replace(score, notes=long), start_bar=2, end_bar=2)
    assert cut.notes.onset_quarter.tolist() == [0.0, 1.0]
    assert cut.notes.duration_quarter.tolist() == [2.0, 1.0]


def test_parts_by_name_and_by_number() -> None:
    first, second = score_of(), score_of(part=1)
    columns = {
        name: np.concatenate([getattr(first.notes, name), getattr(second.notes, name)])
        for name in type(first.notes).__dataclass_fields__
    }
    both = replace(first, notes=type(first.notes)(**columns))
    assert set(cut_excerpt(both, ["VIOLIN"]).notes.part.tolist()) == {0}
    assert set(cut_excerpt(both, ["basso,  continuo"]).notes.part.tolist()) == {1}
    assert set(cut_excerpt(both, ["2"]).notes.part.tolist()) == {1}
    assert len(cut_excerpt(both, ["1", "2"]).notes) == 24
    assert len(cut_excerpt(both, ["2"], start_bar=3, end_bar=3).notes) == 2


@pytest.mark.parametrize(
    ("parts", "start", "end", "said"),
    [
        (["Viola"], None, None, "piece: has no part 'Viola'; there are: 1 Violin, 2 Basso, continuo, 3 Violin"),
        (["4"], None, None, "has no part '4'"),
        (["0"], None, None, "has no part '0'"),
        (["2"], None, None, "has no notes in the parts and bars asked for"),
        ([], 5, None, "piece: has no bar 5; there are: 1 to 4"),
        ([], None, 0, "has no bar 0"),
        ([], 4, 3, "does not play bar 3 after"),
    ],
)
def test_what_is_not_there(parts: list[str], start: int | None, end: int | None, said: str) -> None:
    with pytest.raises(DataError) as caught:
        cut_excerpt(score_of(), parts, start, end)
    assert said in str(caught.value)


def test_bars_of_files(tmp_path: Path) -> None:
    """Both kinds of files tell their bars: four quarters each here, the MIDI at 4/4 by default."""
    import pretty_midi

    xml, midi = tmp_path / "melody.musicxml", tmp_path / "melody.mid"
    xml.write_bytes(melody_xml())
    tune = pretty_midi.PrettyMIDI(initial_tempo=120.0)
    tune.instruments.append(pretty_midi.Instrument(0))
    tune.instruments[0].notes = [pretty_midi.Note(80, 60 + row, row / 2, row / 2 + 0.4) for row in range(16)]
    tune.write(str(midi))
    for path in (xml, midi):
        score = read_score(path)
        assert score.bars == tuple(PlayedBar(str(bar + 1), 4.0 * bar, 4.0 * bar + 4.0) for bar in range(4))
        assert cut_excerpt(score, start_bar=2, end_bar=3).notes.pitch.tolist() == score.notes.pitch[4:12].tolist()
