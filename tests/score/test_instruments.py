"""The General MIDI programs of a score's parts."""

from pathlib import Path

import mido
import pytest

from dp.render.excerpt import cut_excerpt
from dp.score import read_score
from dp.score.instruments import PartLabel, find_programs
from dp.types import Score
from tests.score import xml

PIANO, HARPSICHORD, ORGAN, GUITAR, VIOLIN, VIOLA, CELLO, BASS, HARP, CHOIR = 0, 6, 19, 24, 40, 41, 42, 43, 46, 52
TRUMPET, TROMBONE, TUBA, HORN, OBOE, BASSOON, CLARINET, FLUTE = 56, 57, 58, 60, 68, 70, 71, 73


def name_programs(*names: str) -> tuple[int | None, ...]:
    return find_programs([PartLabel((name,)) for name in names])


def read_parts(folder: Path, *definitions: str) -> Score:
    """A score with a part for each content of <score-part>."""
    listed = [f'<score-part id="P{index}">{text}</score-part>' for index, text in enumerate(definitions)]
    parts = [xml.part(xml.note("C"), name=f"P{index}") for index in range(len(definitions))]
    return read_score(xml.write(folder, xml.document(*parts, part_list="".join(listed))))


def define(name: str, sound: str = "", program: str = "") -> str:
    sounds = f"<instrument-sound>{sound}</instrument-sound>" if sound else ""
    programs = f'<midi-instrument id="I"><midi-program>{program}</midi-program></midi-instrument>' if program else ""
    instrument = f'<score-instrument id="I"><instrument-name/>{sounds}</score-instrument>'
    return f"<part-name>{name}</part-name>{instrument}{programs}"


@pytest.mark.parametrize(
    ("names", "program"),
    [
        (
            "Violin, Violine, Violinen, 1. Geige, Violon II, Violino I, Violini, Vl., Vln. 2, Solovioline, VIOLIN1",
            VIOLIN,
        ),
        ("Viola, Violas, Bratsche, Bratschen, Vla., Br.", VIOLA),
        ("Cello, Violoncello, Violoncelle, Violoncelli, Vc., Viola da gamba", CELLO),
        ("Kontrabass, Contrabass, Kontrabässe, Contrebasse, Contrabbasso, Double Bass, Kb.", BASS),
        ("Flute, Flöte, Querflöte, Flûte, Flauto traverso, Flutes 1&2, Fl., Altflöte, Alto Flute, Flûte alto", FLUTE),
        ("Oboe, Oboen, Oboe d'amore, Hautbois, Oboi, Ob. 1", OBOE),
        (
            "Clarinet, Clarinet in Bb, B♭ Clarinet, Klarinette in B, Bassklarinette, Clarinette, Clarinetto basso",
            CLARINET,
        ),
        ("Bassoon, Fagott, Fagotti, Basson, Fagotto, Contrabassoon, Kontrafagott, Bsn.", BASSOON),
        ("Horn, Horn in F, Hörner, French Horn, Cor, Cors, Corno, Corni, Hn.", HORN),
        ("Trumpet, Trompete, Trompette, Tromba, Trombe, Tpt.", TRUMPET),
        ("Trombone, Posaune, Bassposaune, Bass Trombone, Trombone basso, Tromboni, Tenor Trombone", TROMBONE),
        ("Tuba, Bass Tuba", TUBA),
        ("Harp, Harfe, Harpe, Arpa", HARP),
        ("Piano, Klavier, Pianoforte, Fortepiano, Flügel, Pno.", PIANO),
        ("Organ, Orgel, Orgue, Organo", ORGAN),
        ("Harpsichord, Cembalo, Clavecin, Clavicembalo", HARPSICHORD),
        ("Guitar, Gitarre, Guitare, Chitarra, Laute", GUITAR),
        ("Soprano, Sopran, Mezzo-Soprano, Alto, Alt, Tenor, Tenore, Bass, Basso, Baß, Bariton, Voice, Chœur", CHOIR),
    ],
)
def test_names_of_four_languages(names: str, program: int) -> None:
    assert {name: name_programs(name)[0] for name in names.split(", ")} == dict.fromkeys(names.split(", "), program)


def test_longer_names_are_not_taken_for_those_they_contain() -> None:
    names = ("English Horn", "Cor anglais", "Flügelhorn", "Alto Saxophone", "Bass Guitar", "Blockflöte", "Piccolo")
    assert name_programs(*names) == (69, 69, 56, 65, 33, 74, 72)
    assert name_programs("Trombone", "Tromba", "Viola", "Violino piccolo") == (TROMBONE, TRUMPET, VIOLA, VIOLIN)
    others = ("Contrabass Clarinet", "Kontrabassklarinette", "Electric Piano", "E-Piano", "Baritone Horn", "Tenorhorn")
    assert name_programs(*others) == (CLARINET, CLARINET, 4, 4, TUBA, TUBA)
    folk = ("Bagpipes", "Hackbrett", "Ukulele", "Music Box", "Bandoneon", "Sitar", "Koto", "Violoncelo")
    assert name_programs(*folk) == (109, 15, GUITAR, 10, 23, 104, 107, CELLO)


def test_alto_and_bass_play_among_strings_and_sing_among_voices() -> None:
    assert name_programs("Violon I", "Violon II", "Alto", "Basse") == (VIOLIN, VIOLIN, VIOLA, BASS)
    assert name_programs("Violin", "Viola", "Soprano", "Alto", "Tenore", "Basso") == (VIOLIN, VIOLA, *[CHOIR] * 4)
    assert name_programs("Violin", "Viola", "Alto") == (VIOLIN, VIOLA, CHOIR)


def test_bass_is_plucked_in_a_band_without_singers() -> None:
    assert name_programs("Alto Sax", "Piano", "Bass") == (65, PIANO, 32)
    assert name_programs("Piano", "Bass", "Schlagzeug") == (PIANO, 32, None)
    assert name_programs("Gitarre", "Sopran", "Bass") == (GUITAR, CHOIR, CHOIR)
    assert name_programs("Klavier", "Bass") == (PIANO, CHOIR)


def test_names_that_name_no_instrument_say_nothing() -> None:
    assert name_programs("", "MusicXML Part", "Midi_1", "Chopin_op10_no3", "Hornpipe", "up") == (None,) * 6


def test_program_of_a_musicxml_part_counts_from_1_and_before_sound_and_name(tmp_path: Path) -> None:
    score = read_parts(
        tmp_path,
        define("Violin", "wind.flutes.flute", "72"),
        define("Violin", "wind.flutes.flute.alto"),
        define("Violine"),
        define("Gesang", "strings.viola"),
        define("Part"),
        define("Part", "", "129"),
    )
    assert score.part_programs == (CLARINET, FLUTE, VIOLIN, VIOLA, None, None)
    assert len(score.part_names) == 6


def test_piano_that_was_written_where_nobody_chose_gives_way_to_clear_names_and_sounds(tmp_path: Path) -> None:
    score = read_parts(
        tmp_path,
        define("Violin", "", "1"),
        define("Part", "strings.cello", "1"),
        define("Part", "", "1"),
        define("Violin and flute", "", "1"),
        define("Soprano", "", "1"),
    )
    assert score.part_programs == (VIOLIN, CELLO, PIANO, PIANO, PIANO)


def test_name_of_the_instrument_counts_where_the_part_has_none(tmp_path: Path) -> None:
    definition = '<part-name/><score-instrument id="I"><instrument-name>Oboe</instrument-name></score-instrument>'
    assert read_parts(tmp_path, definition).part_programs == (OBOE,)


def test_midi_tracks_have_their_programs_or_clear_names(tmp_path: Path) -> None:
    file = mido.MidiFile()
    for channel, (name, program) in enumerate([("Melody", 73), ("Violin", 0), ("Piano", 0), ("Violin", 42)]):
        notes = [mido.Message(kind, note=60, time=480, channel=channel) for kind in ("note_on", "note_off")]
        change = mido.Message("program_change", program=program, channel=channel)
        file.tracks.append(mido.MidiTrack([mido.MetaMessage("track_name", name=name), change, *notes]))
    file.save(tmp_path / "a.mid")
    assert read_score(tmp_path / "a.mid").part_programs == (FLUTE, VIOLIN, PIANO, CELLO)


def write_midi(path: Path, *tracks: list[mido.Message]) -> Score:
    file = mido.MidiFile()
    file.tracks += [mido.MidiTrack(track) for track in tracks]
    file.save(path)
    return read_score(path)


def test_midi_that_chooses_no_program_says_nothing_but_by_names(tmp_path: Path) -> None:
    played = [mido.Message(kind, note=60, time=480) for kind in ("note_on", "note_off")]
    named = [mido.MetaMessage("track_name", name="Soprano"), *played]
    assert write_midi(tmp_path / "a.mid", played, named).part_programs == (None, CHOIR)


def test_midi_programs_count_for_their_channel_in_whichever_track_they_stand(tmp_path: Path) -> None:
    played = [mido.Message(kind, note=60, time=480, channel=1) for kind in ("note_on", "note_off")]
    other = [mido.Message(kind, note=60, time=480, channel=2) for kind in ("note_on", "note_off")]
    chosen = [mido.Message("program_change", program=73, channel=1), mido.Message("program_change", channel=2)]
    own = [mido.Message("program_change", program=42, channel=2), *other]
    assert write_midi(tmp_path / "a.mid", chosen, played, own).part_programs == (FLUTE, CELLO)


def test_excerpts_keep_the_programs_beside_the_names(tmp_path: Path) -> None:
    score = read_parts(tmp_path, define("Flute"), define("Cello"))
    excerpt = cut_excerpt(score, parts=["Cello"], start_bar=1, end_bar=1)
    assert excerpt.notes.part.tolist() == [1]
    assert (excerpt.part_names, excerpt.part_programs) == (("Flute", "Cello"), (FLUTE, CELLO))
