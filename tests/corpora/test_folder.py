from pathlib import Path

import pytest

from dp.audio.reading import READABLE
from dp.corpora import Corpus, list_recordings
from dp.corpora.folder import AUDIO_SUFFIXES
from dp.errors import DataError


def folder(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def pairs(corpus: Corpus, root: Path) -> list[tuple[str, str]]:
    return [(str(r.score_path.relative_to(root)), str(r.audio_path.relative_to(root))) for r in corpus.recordings]


def test_named_alike_in_one_folder_or_in_scores_and_audio(tmp_path: Path) -> None:
    names = ["a.musicxml", "a.wav", "sub/a.mxl", "sub/A.OPUS", "scores/b.mid", "audio/b.flac"]
    names += ["audio/live/c.mp3", "scores/live/c.xml", "notes.txt", ".hidden/d.wav", ".d.musicxml"]
    corpus = list_recordings("folder", folder(tmp_path, *names))
    assert pairs(corpus, tmp_path) == [
        ("a.musicxml", "a.wav"),
        ("scores/b.mid", "audio/b.flac"),
        ("scores/live/c.xml", "audio/live/c.mp3"),
        ("sub/a.mxl", "sub/A.OPUS"),
    ]
    assert corpus.missing == ()
    assert len({r.recording_id for r in corpus.recordings}) == len({r.piece_id for r in corpus.recordings}) == 4
    first = corpus.recordings[0]
    assert (first.recording_id, first.piece_id, first.collection) == ("a-wav", "a-musicxml", "folder")
    assert (first.performer, first.instrument, first.licence) == ("unknown", "unknown", "unknown")
    assert (first.start_sec, first.end_sec) == (0.0, None)


def test_ids_do_not_depend_on_what_else_is_there(tmp_path: Path) -> None:
    before = list_recordings("folder", folder(tmp_path, "sub/a.mxl", "sub/a.wav")).recordings[0].recording_id
    after = list_recordings("folder", folder(tmp_path, "a.mxl", "a.wav", "sub/a.mp3")).recordings
    assert before in {recording.recording_id for recording in after}


def test_two_recordings_of_one_score(tmp_path: Path) -> None:
    corpus = list_recordings("folder", folder(tmp_path, "a.mxl", "a.wav", "a.mp3"))
    assert [(r.recording_id, r.piece_id) for r in corpus.recordings] == [("a-wav", "a-mxl"), ("a-mp3", "a-mxl")]


def test_what_has_no_counterpart(tmp_path: Path) -> None:
    corpus = list_recordings("folder", folder(tmp_path, "a.mxl", "b.wav", "c.mid", "c.mxl", "c.wav"))
    assert pairs(corpus, tmp_path) == [("c.mxl", "c.wav")]
    assert [(missing.recording_id, missing.reason) for missing in corpus.missing] == [
        ("a-mxl", "a.mxl: no recording has the same name"),
        ("b-wav", "b.wav: no score has the same name"),
        ("c-mid", "c.mid: not used: c.mxl is the score of that name"),
    ]


def test_a_table(tmp_path: Path) -> None:
    folder(tmp_path, "s/one.mxl", "r/long.mp3", "unlisted.wav")
    rows = ["s/one.mxl,r/long.mp3,ann,0:01:30,2:00,CC0", "s/one.mxl,r/long.mp3,,120.5,,", "s/one.mxl,r/gone.wav,,,,"]
    (tmp_path / "pairs.csv").write_text("score,audio,performer,start,end,licence\n" + "\n".join(rows))
    (tmp_path / "other.csv").write_text("score,audio\n")  # pairs.csv goes first
    corpus = list_recordings("folder", tmp_path)
    assert [(r.performer, r.start_sec, r.end_sec, r.licence) for r in corpus.recordings] == [
        ("ann", 90.0, 120.0, "CC0"),
        ("unknown", 120.5, None, "unknown"),
    ]
    first, second = corpus.recordings
    assert first.piece_id == second.piece_id
    assert first.recording_id.endswith("_90000ms") and second.recording_id.endswith("_120500ms")
    assert first.audio_path == tmp_path / "r" / "long.mp3"
    (missing,) = corpus.missing
    assert missing.reason == f"{tmp_path}/r/gone.wav (line 4 of pairs.csv) not found"


def test_a_table_names_movements_of_one_score(tmp_path: Path) -> None:
    folder(tmp_path, "s.mxl", "one.wav", "two.wav")
    (tmp_path / "pairs.csv").write_text("score,audio,movement\ns.mxl,one.wav,1\ns.mxl,two.wav,2\n")
    corpus = list_recordings("folder", tmp_path)
    assert [(r.movement, r.piece_id) for r in corpus.recordings] == [(1, "s-mxl_movement1"), (2, "s-mxl_movement2")]


def test_a_table_of_another_name_and_absolute_paths(tmp_path: Path) -> None:
    root = folder(tmp_path / "root", "a.mxl")
    elsewhere = folder(tmp_path / "elsewhere", "a.wav") / "a.wav"
    (root / "mine.CSV").write_text(f"audio,score\n{elsewhere},a.mxl\n")
    (root / "truth.csv").write_text("onset,offset\n")
    (recording,) = list_recordings("folder", root).recordings
    assert recording.audio_path == elsewhere and recording.recording_id.startswith("a-wav-")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("score,audio\n", "pairs.csv: lists no pairs; add rows"),
        ("score\na.mxl\n", "pairs.csv, line 1: column audio is missing"),
        ("score,audio,license\na.mxl,a.wav,x\n", "pairs.csv, line 1: column 'license' is unknown"),
        ("score,audio,start\na.mxl,a.wav,1m\n", "pairs.csv, line 2: start '1m' is not a time"),
        ("score,audio,start,end\na.mxl,a.wav,2,1\n", "pairs.csv, line 2: end '1' is not after the start '2'"),
        ("score,audio\n,a.wav\n", "pairs.csv, line 2: score '' is empty"),
        ("score,audio,movement\na.mxl,a.wav,x\n", "pairs.csv, line 2: movement 'x' is not a number"),
        ("score,audio,movement\na.mxl,a.wav,1.5\n", "pairs.csv, line 2: movement '1.5' is not a whole number"),
        (
            "score,audio\na.mxl,a.wav\na.mxl,a.wav\n",
            "pairs.csv, line 3: audio 'a.wav' with this start is already in line 2",
        ),
    ],
)
def test_bad_tables(tmp_path: Path, content: str, message: str) -> None:
    folder(tmp_path, "a.mxl", "a.wav")
    (tmp_path / "pairs.csv").write_text(content)
    with pytest.raises(DataError) as caught:
        list_recordings("folder", tmp_path)
    assert message in str(caught.value)


def test_several_tables(tmp_path: Path) -> None:
    for name in ("one.csv", "two.csv"):
        (tmp_path / name).write_text("score,audio\na,b\n")
    with pytest.raises(DataError, match=r"several CSVs list pairs: one\.csv, two\.csv; name the one to use pairs\.csv"):
        list_recordings("folder", tmp_path)


def test_what_is_listed_is_what_can_be_read() -> None:
    formats = READABLE.replace(" and", ",").split(", ")
    assert {"aiff" if suffix == ".aif" else suffix[1:] for suffix in AUDIO_SUFFIXES} == set(formats)
