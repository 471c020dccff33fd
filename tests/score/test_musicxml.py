"""Notes and bars of MusicXML."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dp.errors import DataError
from dp.score import read_score
from tests.score import xml

START = '<tie type="start"/>'
STOP = '<tie type="stop"/>'


def test_title_part_names_and_unknown_velocity(tmp_path: Path) -> None:
    head = "<work><work-title>Partita</work-title></work><movement-title>Double</movement-title>"
    score = read_score(xml.write(tmp_path, xml.document(xml.part(xml.note("C")), head=head)))
    assert score.title == "Partita, Double"
    assert score.part_names == ("Violin",)
    assert score.notes.velocity.tolist() == [0]


def test_untitled_score_has_its_files_name(tmp_path: Path) -> None:
    assert xml.read(tmp_path, xml.note("C")).title == "score"


def test_notes_are_sorted_by_onset_then_pitch(tmp_path: Path) -> None:
    notes = xml.read(tmp_path, xml.note("G", "2") + xml.note("C", "2", "<chord/>") + xml.note("E", "2")).notes
    assert notes.pitch.tolist() == [60, 67, 64]
    assert notes.onset_quarter.tolist() == [0, 0, 2]
    assert notes.duration_quarter.tolist() == [2, 2, 2]


def test_accidentals_and_microtones(tmp_path: Path) -> None:
    pitch = "<note><pitch><step>B</step><alter>{}</alter><octave>3</octave></pitch><duration>1</duration></note>"
    notes = xml.read(tmp_path, "".join(pitch.format(alter) for alter in ("1", "-2", "-0.5", "-0.6"))).notes
    assert notes.pitch.tolist() == [60, 57, 59, 58]


def test_voices_backup_and_forward(tmp_path: Path) -> None:
    upper = xml.note("G", "4", after="<voice>1</voice>")
    lower = xml.note("C", "1", after="<voice>2</voice>")
    moved = f"{upper}<backup><duration>4</duration></backup><forward><duration>3</duration></forward>{lower}"
    notes = xml.read(tmp_path, moved, xml.note("D")).notes
    assert notes.onset_quarter.tolist() == [0, 3, 4]
    assert notes.voice.tolist() == [1, 2, 1]


def test_backup_that_overshoots_by_rounding_stops_at_the_bar(tmp_path: Path) -> None:
    bar = xml.note("C", "4") + "<backup><duration>4.05</duration></backup>" + xml.note("E", "4")
    assert xml.read(tmp_path, bar).notes.onset_quarter.tolist() == [0, 0]


def test_backup_before_the_bar_goes_to_its_start_and_is_told(tmp_path: Path) -> None:
    bar = xml.note("C", "3") + "<backup><duration>4</duration></backup>" + xml.note("E", "4")
    score = xml.read(tmp_path, xml.note("D"), bar, xml.note("F"))
    assert score.notes.onset_quarter.tolist() == [0, 4, 4, 8]
    assert score.oddities == (
        "part 'P1', bar '2': a <backup> goes 1 quarters before the start of the bar: taken to its start",
    )


def test_of_many_warnings_the_first_are_named(tmp_path: Path) -> None:
    bars = ["<backup><duration>1</duration></backup>" + xml.note("C")] * 12
    oddities = xml.read(tmp_path, *bars).oddities
    assert len(oddities) == 11
    assert oddities[9].startswith("part 'P1', bar '10': a <backup> goes")
    assert oddities[10] == "2 more warnings like this one"


def test_voices_named_by_words_are_numbered(tmp_path: Path) -> None:
    bar = "".join(xml.note("C", "1", after=f"<voice>{name}</voice>") for name in ("up", "down", "up"))
    assert xml.read(tmp_path, bar).notes.voice.tolist() == [1001, 1002, 1001]


def test_tie_across_bars_is_one_note(tmp_path: Path) -> None:
    notes = xml.read(
        tmp_path, xml.note("C", after=START), xml.note("C", after=START + STOP), xml.note("C", "2", after=STOP)
    ).notes
    assert notes.onset_quarter.tolist() == [0]
    assert notes.duration_quarter.tolist() == [10]


MELODY = st.lists(st.tuples(st.sampled_from("CDEFGAB"), st.integers(1, 40)), min_size=1, max_size=30)


def _bars_with_ties(melody: list[tuple[str, int]], bar_division: int) -> list[str]:
    """A melody as bars; what crosses a bar line is tied."""
    bars = [""]
    free = bar_division
    for step, length in melody:
        left = length
        while left:
            if not free:
                bars.append("")
                free = bar_division
            piece = min(left, free)
            ties = (STOP if left < length else "") + (START if piece < left else "")
            bars[-1] += xml.note(step, str(piece), after=ties)
            left -= piece
            free -= piece
    return bars


@settings(deadline=None, max_examples=60)
@given(MELODY, st.integers(1, 12))
def test_melody_is_read_back_wherever_bar_lines_cut_it(
    tmp_path_factory: pytest.TempPathFactory, melody: list[tuple[str, int]], bar_division: int
) -> None:
    notes = xml.read(tmp_path_factory.getbasetemp(), *_bars_with_ties(melody, bar_division)).notes
    lengths = [length for _, length in melody]
    assert notes.duration_quarter.tolist() == lengths
    assert notes.onset_quarter.tolist() == [sum(lengths[:i]) for i in range(len(lengths))]
    assert [
        60 + {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}[step] for step, _ in melody
    ] == notes.pitch.tolist()


def test_tie_written_as_notation_only(tmp_path: Path) -> None:
    tied = '<notations><tied type="{}"/></notations>'
    notes = xml.read(
        tmp_path, xml.note("C", after=tied.format("start")), xml.note("C", after=tied.format("stop"))
    ).notes
    assert notes.duration_quarter.tolist() == [8]


def test_unison_of_two_voices_ties_each_voice_to_itself(tmp_path: Path) -> None:
    bar = (
        xml.note("C", after=START + "<voice>1</voice>")
        + "<backup><duration>4</duration></backup>"
        + xml.note("C", after=START + "<voice>2</voice>")
    )
    after = (
        xml.note("C", "1", after=STOP + "<voice>2</voice>")
        + "<backup><duration>1</duration></backup>"
        + xml.note("C", "4", after=STOP + "<voice>1</voice>")
    )
    notes = xml.read(tmp_path, bar, after).notes
    assert dict(zip(notes.voice.tolist(), notes.duration_quarter.tolist(), strict=True)) == {1: 8, 2: 5}


def test_tie_into_the_second_ending_is_joined(tmp_path: Path) -> None:
    back = '<repeat direction="backward"/>'
    bars = [
        xml.note("C", after=START),
        xml.ending("1", xml.note("C", "2", after=STOP) + xml.rest("2"), repeat=back),
        xml.ending("2", xml.note("C", "3", after=STOP)),
    ]
    notes = xml.read(tmp_path, *bars).notes
    assert notes.onset_quarter.tolist() == [0, 8]
    assert notes.duration_quarter.tolist() == [6, 7]


def test_tie_that_a_jump_cuts_does_not_swallow_a_note(tmp_path: Path) -> None:
    notes = xml.read(
        tmp_path, xml.note("C"), xml.note("C", after=START) + xml.BACKWARD, xml.note("C", after=STOP)
    ).notes
    assert notes.onset_quarter.tolist() == [0, 4, 8, 12]
    assert notes.duration_quarter.tolist() == [4, 4, 4, 8]


def test_grace_notes_stand_at_the_note_they_adorn(tmp_path: Path) -> None:
    notes = xml.read(tmp_path, xml.note("C", "2") + xml.note("F", "", "<grace/>") + xml.note("E", "2")).notes
    assert notes.pitch.tolist() == [60, 64, 65]
    assert notes.onset_quarter.tolist() == [0, 2, 2]
    assert notes.duration_quarter.tolist() == [2, 2, 0]
    assert notes.is_grace.tolist() == [False, False, True]


def test_transposing_clarinet_sounds_a_tone_lower(tmp_path: Path) -> None:
    transpose = "<transpose><diatonic>-1</diatonic><chromatic>-2</chromatic></transpose>"
    assert xml.read(tmp_path, xml.note("C"), attributes=transpose).notes.pitch.tolist() == [58]


def test_double_bass_sounds_an_octave_lower(tmp_path: Path) -> None:
    transpose = "<transpose><chromatic>0</chromatic><octave-change>-1</octave-change></transpose>"
    assert xml.read(tmp_path, xml.note("C"), attributes=transpose).notes.pitch.tolist() == [48]


def test_change_of_instrument_ends_the_transposition(tmp_path: Path) -> None:
    transpose = "<transpose><chromatic>-3</chromatic></transpose>"
    back = "<attributes><transpose><chromatic>0</chromatic></transpose></attributes>"
    assert xml.read(tmp_path, xml.note("C"), back + xml.note("C"), attributes=transpose).notes.pitch.tolist() == [
        57,
        60,
    ]


def test_transposition_of_one_staff_holds_until_all_are_transposed(tmp_path: Path) -> None:
    lower = '<transpose number="2"><chromatic>-12</chromatic></transpose>'
    both = xml.note("C", "2", after="<staff>1</staff>") + xml.note("C", "2", after="<staff>2</staff>")
    change = "<attributes><transpose><chromatic>-1</chromatic></transpose></attributes>"
    assert xml.read(tmp_path, both, change + both, attributes=lower).notes.pitch.tolist() == [60, 48, 59, 59]


def test_pickup_is_measure_0_and_starts_the_piece(tmp_path: Path) -> None:
    notes = xml.read(tmp_path, xml.note("C", "1"), xml.note("D"), xml.note("E")).notes
    assert notes.onset_quarter.tolist() == [0, 1, 5]
    assert notes.measure.tolist() == [0, 1, 2]


def test_measures_are_counted_as_played(tmp_path: Path) -> None:
    bars = [xml.note("C", "1"), xml.note("D", "3") + xml.BACKWARD, xml.note("E")]
    notes = xml.read(tmp_path, *bars).notes
    assert notes.measure.tolist() == [0, 1, 1, 2, 3]


def test_second_half_of_a_divided_bar_is_not_counted(tmp_path: Path) -> None:
    part = xml.part(xml.note("C"), xml.note("D", "3"), xml.note("E", "1"), xml.note("F"))
    part = part.replace('<measure number="3">', '<measure number="X1" implicit="yes">')
    assert read_score(xml.write(tmp_path, xml.document(part))).notes.measure.tolist() == [1, 2, 2, 3]


def test_divisions_may_change_and_durations_be_fractions(tmp_path: Path) -> None:
    fine = "<attributes><divisions>24</divisions></attributes>"
    notes = xml.read(
        tmp_path, xml.note("C", "1.5") + xml.note("D", "2.5"), fine + xml.note("E", "8") + xml.note("F", "88")
    ).notes
    assert notes.onset_quarter.tolist() == [0, 1.5, 4, 4 + 8 / 24]


def test_part_that_ends_its_bar_early_stays_with_the_others(tmp_path: Path) -> None:
    full = xml.part(xml.note("C"), xml.note("D"))
    short = xml.part(xml.note("E", "1"), xml.note("F"), name="P2")
    definitions = '<score-part id="P1"><part-name>Flute</part-name></score-part><score-part id="P2"/>'
    score = read_score(xml.write(tmp_path, xml.document(full, short, part_list=definitions)))
    assert score.notes.onset_quarter.tolist() == [0, 0, 4, 4]
    assert score.notes.part.tolist() == [0, 1, 0, 1]
    assert score.notes.pitch.tolist() == [60, 64, 62, 65]
    assert score.part_names == ("Flute", "")


def test_empty_bar_is_as_long_as_its_time_signature(tmp_path: Path) -> None:
    assert xml.read(tmp_path, xml.note("C"), "", xml.note("D")).notes.onset_quarter.tolist() == [0, 8]


def test_percussion_is_left_out(tmp_path: Path) -> None:
    unpitched = "<note><unpitched/><duration>2</duration></note>"
    score = xml.read(tmp_path, unpitched + xml.note("C", "2"))
    assert score.notes.onset_quarter.tolist() == [2]
    assert score.oddities == ("part 'P1': notes without a pitch, of percussion, are left out: 1",)
    drums = '<score-part id="P2"><midi-instrument id="D"><midi-channel>10</midi-channel></midi-instrument></score-part>'
    document = xml.document(xml.part(xml.note("C")), xml.part(xml.note("D"), name="P2"), part_list=drums)
    assert read_score(xml.write(tmp_path, document)).notes.pitch.tolist() == [60]


def test_cue_notes_are_silent_where_their_part_rests(tmp_path: Path) -> None:
    cue = xml.note("G", "2", "<cue/>")
    assert xml.read(tmp_path, cue + xml.note("C", "2")).notes.onset_quarter.tolist() == [2]


def test_small_notes_written_as_cues_sound_where_their_part_plays(tmp_path: Path) -> None:
    bar = xml.note("G", "2", "<cue/>") * 2 + "<backup><duration>4</duration></backup>" + xml.note("C", "3")
    assert xml.read(tmp_path, bar).notes.pitch.tolist() == [60, 67, 67]


def test_chord_note_after_a_backup_is_a_note_like_others(tmp_path: Path) -> None:
    bar = xml.note("C") + "<backup><duration>4</duration></backup>" + xml.note("E", "4", "<chord/>")
    assert xml.read(tmp_path, bar).notes.onset_quarter.tolist() == [0, 0]


def test_timewise_score_reads_like_partwise(tmp_path: Path) -> None:
    attributes = "<attributes><divisions>1</divisions></attributes>"
    first = f'<part id="P1">{attributes}{xml.note("C")}</part><part id="P2">{attributes}{xml.note("E")}</part>'
    second = f'<part id="P1">{xml.note("D")}</part><part id="P2">{xml.note("F")}</part>'
    measures = f'<measure number="1">{first}</measure><measure number="2">{second}</measure>'
    notes = read_score(xml.write(tmp_path, f"<score-timewise>{measures}</score-timewise>")).notes
    assert notes.pitch.tolist() == [60, 64, 62, 65]
    assert notes.part.tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize(
    ("bar", "reason"),
    [
        ("<note><pitch><step>C</step><octave>4</octave></pitch></note>", "duration is '', expected a number"),
        (
            "<attributes><divisions>1</divisions></attributes><note><rest/><duration>x</duration></note>",
            "duration is 'x'",
        ),
    ],
)
def test_impossible_content_names_part_bar_and_value(tmp_path: Path, bar: str, reason: str) -> None:
    with pytest.raises(DataError) as caught:
        xml.read(tmp_path, xml.note("C"), bar)
    assert "score.musicxml: part 'P1', bar '2': " in str(caught.value)
    assert reason in str(caught.value)


@pytest.mark.parametrize("duration", ["-1", "nan", "inf", "1e9", "999999999", "9" * 400, "1,5"])
def test_absurd_durations_are_refused(tmp_path: Path, duration: str) -> None:
    with pytest.raises(DataError, match=r"part 'P1', bar '1': .*duration"):
        xml.read(tmp_path, xml.note("C", duration))
