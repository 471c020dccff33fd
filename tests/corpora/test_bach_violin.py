from pathlib import Path

import numpy as np
import pytest

from dp.corpora import list_recordings
from dp.corpora.bach_violin import read_movement_alignment, read_movement_notes, read_movement_tempo_qpm
from dp.errors import DataError

HEADER = "filename,collection,violinist,work,source_filename,start,end,score_filename"
FIRST = "ann_bwv1001_mov1,ann,ann,BWV1001,ann_bwv1001.mp3,0:00:03,0:04:13,bwv1001_mov1"
SECOND = "ann_bwv1001_mov4,ann,ann,BWV1001,ann_bwv1001.mp3,0:13:55,0:18:04,bwv1001_mov4"
THIRD = "bob_bwv1002_mov2,misc,bob,BWV1002,bob.opus,0:00:00,0:01:40,bwv1002_mov2_00"


def dataset(root: Path, *rows: str) -> Path:
    """A copy with the audio of ann alone, and without the score of her second movement."""
    (root / "info.csv").write_text("\n".join([HEADER, *(rows or (FIRST, SECOND, THIRD))]) + "\n")
    (root / "audio.csv").write_text("filename,license\nann_bwv1001.mp3,CC BY\n")
    for name in ("audio/ann/ann_bwv1001.mp3", "scores/bwv1001/bwv1001_mov1.mxl", "scores/bwv1002/bwv1002_mov2_00.mxl"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def test_what_is_there_and_what_is_not(tmp_path: Path) -> None:
    corpus = list_recordings("bach-violin", dataset(tmp_path))
    assert [vars(recording) for recording in corpus.recordings] == [
        {
            "recording_id": "ann_bwv1001_mov1",
            "collection": "ann",
            "piece_id": "bwv1001_mov1",
            "performer": "ann",
            "instrument": "violin",
            "audio_path": tmp_path / "audio" / "ann" / "ann_bwv1001.mp3",
            "score_path": tmp_path / "scores" / "bwv1001" / "bwv1001_mov1.mxl",
            "start_sec": 3.0,
            "end_sec": 253.0,
            "licence": "CC BY",
            "movement": 0,
        }
    ]
    assert [(missing.recording_id, missing.reason) for missing in corpus.missing] == [
        ("ann_bwv1001_mov4", "scores/bwv1001/bwv1001_mov4.mxl is not in this copy of the dataset"),
        ("bob_bwv1002_mov2", "audio/misc/bob.opus is not in this copy of the dataset"),
    ]


def test_a_licence_nobody_states(tmp_path: Path) -> None:
    root = dataset(tmp_path, THIRD)
    (root / "audio" / "misc").mkdir()
    (root / "audio" / "misc" / "bob.opus").touch()
    assert list_recordings("bach-violin", root).recordings[0].licence == "unknown"
    (root / "audio.csv").write_text("filename,license\nbob.opus,-\n")  # as the dataset writes it
    assert list_recordings("bach-violin", root).recordings[0].licence == "unknown"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (FIRST.replace("0:04:13", "late"), "info.csv, line 2: end 'late' is not a time; write seconds or h:mm:ss"),
        (FIRST.replace("0:04:13", "0:00:03"), "info.csv, line 2: end '0:00:03' is not after the start '0:00:03'"),
        (FIRST.replace("ann_bwv1001_mov1,ann", "../x,ann"), "info.csv, line 2: filename '../x' is not a name"),
        (FIRST.replace("mov1,ann,", "mov1,..,"), "info.csv, line 2: collection '..' is not a name"),
        (FIRST.replace(",BWV1001", ","), "info.csv, line 2: work '' is empty"),
        (FIRST + "\n" + FIRST, "info.csv, line 3: filename 'ann_bwv1001_mov1' is already in line 2"),
    ],
)
def test_bad_rows(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(DataError) as caught:
        list_recordings("bach-violin", dataset(tmp_path, row))
    assert message in str(caught.value)


def test_missing_tables_and_columns(tmp_path: Path) -> None:
    root = dataset(tmp_path)
    (root / "audio.csv").write_text("filename\nx\n")
    with pytest.raises(DataError, match=r"audio\.csv, line 1: column license is missing"):
        list_recordings("bach-violin", root)
    (root / "audio.csv").unlink()
    with pytest.raises(DataError, match=r"audio\.csv: cannot be read"):
        list_recordings("bach-violin", root)
    (root / "info.csv").unlink()
    with pytest.raises(DataError, match=r"is not the Bach Violin Dataset: it has no info\.csv"):
        list_recordings("bach-violin", root)


def test_published_files(tmp_path: Path) -> None:
    root = dataset(tmp_path)
    for folder in ("notes", "alignments", "tempos"):
        (root / folder / "ann").mkdir(parents=True)
    name = "ann_bwv1001_mov1"
    (root / "notes" / "ann" / f"{name}.csv").write_text("onset,offset,pitch,velocity\n0,6,78,64\n6,24,59,64\n")
    (root / "alignments" / "ann" / f"{name}.csv").write_text("start,end\n0.192,0.608\n0.64,0.64\n")
    (root / "tempos" / "ann" / f"{name}.txt").write_text("71.5\n")
    notes, alignment = read_movement_notes(root, name), read_movement_alignment(root, name)
    np.testing.assert_array_equal(notes.onset_tick, [0, 6])
    np.testing.assert_array_equal(notes.offset_tick, [6, 24])
    np.testing.assert_array_equal(notes.pitch, [78, 59])
    assert alignment is not None
    np.testing.assert_array_equal(alignment.onset_sec, [0.192, 0.64])
    np.testing.assert_array_equal(alignment.offset_sec, [0.608, 0.64])
    assert read_movement_tempo_qpm(root, name) == 71.5
    assert read_movement_alignment(root, "bob_bwv1002_mov2") is None
    with pytest.raises(DataError, match="cannot be read"):
        read_movement_notes(root, "bob_bwv1002_mov2")
    with pytest.raises(DataError, match="recording 'carl': is not in"):
        read_movement_alignment(root, "carl")
    (root / "alignments" / "ann" / f"{name}.csv").write_text("start,end\n0.2,0.1\n")
    with pytest.raises(DataError, match=r"line 2: end '0\.1' lies before its start"):
        read_movement_alignment(root, name)
    (root / "tempos" / "ann" / f"{name}.txt").write_text("fast")
    with pytest.raises(DataError, match="holds no number"):
        read_movement_tempo_qpm(root, name)


def test_the_real_copy(shared_data: Path) -> None:
    corpus = list_recordings("bach-violin", shared_data / "bach-violin")
    found = {r.recording_id: (r.start_sec, r.end_sec, r.licence, r.piece_id) for r in corpus.recordings}
    assert found == {
        "john-garner_bwv1002_mov6": (1.0, 106.0, "CC BY", "bwv1002_mov6"),
        "john-garner_bwv1002_mov7": (0.0, 141.0, "CC BY", "bwv1002_mov7_10"),
        "minji-kim_bwv1003_mov3": (1.0, 181.0, "CC BY", "bwv1003_mov3_00"),
        "oliver-colbentson_bwv1006_mov4": (0.0, 113.0, "CC BY-NC", "bwv1006_mov4"),
        "oliver-colbentson_bwv1006_mov5": (0.0, 111.0, "CC BY-NC", "bwv1006_mov5"),
        "oliver-colbentson_bwv1006_mov6": (0.0, 95.0, "CC BY-NC", "bwv1006_mov6"),
    }
    assert len(corpus.missing) == 99
    assert all("audio/" in missing.reason and "scores/" not in missing.reason for missing in corpus.missing)


def test_the_published_alignments_of_the_real_copy(shared_data: Path) -> None:
    root = shared_data / "bach-violin"
    corpus = list_recordings("bach-violin", root)
    ids = [recording.recording_id for recording in corpus.recordings]
    ids += [missing.recording_id for missing in corpus.missing]
    alignments = {name: read_movement_alignment(root, name) for name in ids}
    assert len(ids) == 105 and sum(alignment is None for alignment in alignments.values()) == 3
    present = {name: alignment for name, alignment in alignments.items() if alignment is not None}
    assert all(len(read_movement_notes(root, name).pitch) == len(a.onset_sec) for name, a in present.items())
    assert sum(int((a.offset_sec == a.onset_sec).sum()) for a in present.values()) == 139
    assert 20 < read_movement_tempo_qpm(root, "minji-kim_bwv1003_mov3") < 200
