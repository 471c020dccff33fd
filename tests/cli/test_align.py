"""`dp align` on tiny pairs, and every kind of bad input: one line, exit code 2, nothing half-written."""

import csv
import errno
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from dp.api import CSV_COLUMNS
from dp.cli import run
from tests.factories import MELODY, melody_pair, melody_samples, melody_times, melody_xml, movements_xml

OTHER = tuple(reversed([p + 1 + 5 * (i % 3) for i, p in enumerate(MELODY)]))


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_one_pair_gives_a_row_per_note_and_a_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    score, audio = melody_pair(tmp_path)
    out, plot = tmp_path / "out.csv", tmp_path / "out.png"
    assert run(["align", str(score), str(audio), "-o", str(out), "--plot", str(plot), "--json"]) == 0
    rows = read(out)
    assert tuple(rows[0]) == CSV_COLUMNS
    assert [int(row["pitch"]) for row in rows] == list(MELODY)
    assert [float(row["onset_quarter"]) for row in rows] == [float(i) for i in range(16)]
    onset_sec = np.array([float(row["onset_s"]) for row in rows])
    assert np.abs(onset_sec - melody_times()[:-1]).max() < 0.04
    assert all(0 <= float(row["confidence"]) <= 1 for row in rows)
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert json.loads(capsys.readouterr().out)["notes"] == 16


def test_one_movement_of_a_score_that_holds_two(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    score, audio = melody_pair(tmp_path)
    score.write_bytes(movements_xml(OTHER, MELODY))
    out = tmp_path / "out.csv"
    assert run(["align", str(score), str(audio), "-o", str(out), "--movement", "2", "--quiet"]) == 0
    assert [int(row["pitch"]) for row in read(out)] == list(MELODY)
    pairs = tmp_path / "pairs.csv"
    pairs.write_text(f"id,score,audio,movement\nsecond,{score.name},{audio.name},2\n")
    assert run(["align", "--pairs", str(pairs), "-o", str(tmp_path / "many"), "--quiet"]) == 0
    assert (tmp_path / "many" / "second.csv").read_bytes() == out.read_bytes()


def test_a_score_a_semitone_off_is_told_and_refused_if_wanted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    score, audio = melody_pair(tmp_path)
    score.write_bytes(melody_xml(tuple(pitch + 1 for pitch in MELODY)))
    out = tmp_path / "out.csv"
    assert run(["align", str(score), str(audio), "-o", str(out)]) == 0
    assert "the recording sounds 1 semitone lower than the score: A is at 415 Hz" in capsys.readouterr().out
    out.unlink()
    assert run(["align", str(score), str(audio), "-o", str(out), "--max-tuning", "50"]) == 2
    assert "1 semitone lower than the score, allowed are 50 cents" in capsys.readouterr().err
    assert not out.exists()


def test_movement_that_is_not_there_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    score, audio = melody_pair(tmp_path)
    score.write_bytes(movements_xml(OTHER, MELODY))
    assert run(["align", str(score), str(audio), "-o", str(tmp_path / "out.csv"), "--movement", "3"]) == 2
    assert capsys.readouterr().err == f"dp: {score}: has no movement 3: it holds 2; ask for 1 to 2, or for all\n"


def test_what_is_read_otherwise_than_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    score, audio = melody_pair(tmp_path)
    jump = b'<direction><sound dalsegno="s"/></direction></measure></part>'
    score.write_bytes(score.read_bytes().replace(b"</measure></part>", jump))
    assert run(["align", str(score), str(audio), "-o", str(tmp_path / "out.csv")]) == 0
    warning = "dp: warning: part 'P1', bar '4': jumps to a segno that is not there: passed over\n"
    assert warning in capsys.readouterr().err


def test_what_is_played_otherwise_than_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    score, audio = melody_pair(tmp_path)
    soundfile.write(audio, melody_samples(MELODY + MELODY), 22050)
    assert run(["align", str(score), str(audio), "-o", str(tmp_path / "out.csv"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["structure"], report["notes"]) == ("bars 1-4 played once more", 32)
    assert [float(row["onset_quarter"]) for row in read(tmp_path / "out.csv")] == [float(i) for i in range(16)] * 2


def test_times_count_from_the_start_of_the_file_also_for_a_slice(tmp_path: Path) -> None:
    score, audio = melody_pair(tmp_path)
    samples, rate_hz = soundfile.read(audio)
    soundfile.write(audio, np.concatenate([np.zeros(3 * rate_hz), samples]), rate_hz)
    assert run(["align", str(score), str(audio), "-o", str(tmp_path / "o.csv"), "--start", "0:03", "--quiet"]) == 0
    onset_sec = np.array([float(row["onset_s"]) for row in read(tmp_path / "o.csv")])
    assert np.abs(onset_sec - 3 - melody_times()[:-1]).max() < 0.04


def test_pairs_go_on_after_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    melody_pair(tmp_path, "a")
    melody_pair(tmp_path, "b", seed=3)
    (tmp_path / "c.wav").write_bytes(b"no audio")
    (tmp_path / "pairs.csv").write_text("id,score,audio\na,a.musicxml,a.wav\nc,a.musicxml,c.wav\nb,b.musicxml,b.wav\n")
    assert run(["align", "--pairs", str(tmp_path / "pairs.csv"), "-o", str(tmp_path / "out"), "--json"]) == 1
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.csv", "b.csv"]
    report = json.loads(capsys.readouterr().out)
    assert (report["done"], report["failed"]) == (2, 1)
    assert [row["outcome"] for row in report["pairs"]] == ["done", "failed", "done"]
    assert "c.wav" in report["pairs"][1]["reason"]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("id,score\na,b\n", "column audio is missing"),
        ("id,score,audio\n", "names no pair"),
        ("id,score,audio\n../a,s,w\n", "line 2: the id '../a' cannot be a file name"),
        ("id,score,audio\na,s,w\na,s,w\n", "the id a stands twice"),
        ("id,score,audio\na,,w\n", "line 2: score is empty"),
        ("id,score,audio,start\na,s,w,soon\n", "line 2, start: 'soon' is not a time"),
    ],
)
def test_a_bad_work_list_is_refused_before_any_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, part: str
) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text(text)
    assert run(["align", "--pairs", str(path), "-o", str(tmp_path / "out")]) == 2
    line = capsys.readouterr().err
    assert str(path) in line
    assert part in line
    assert not (tmp_path / "out").exists()


def archive(path: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)


def container(rootfile: str) -> bytes:
    return f'<container><rootfiles><rootfile full-path="{rootfile}"/></rootfiles></container>'.encode()


def bad_score(folder: Path, fault: str) -> Path:
    """A score file with one fault."""
    xml, path = melody_xml(), folder / "bad.musicxml"
    if fault == "no notes":
        path.write_bytes(melody_xml(()))
    elif fault == "not XML":
        path.write_text("this is a letter, not a score")
    elif fault == "entity expansion":
        bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
        path.write_bytes(xml.replace(b"<score-partwise", bomb.encode() + b"<score-partwise").replace(b"Melody", b"&b;"))
    elif fault == "external entity":
        secret = folder / "secret.txt"
        secret.write_text("secret")
        entity = f'<!DOCTYPE x [<!ENTITY a SYSTEM "{secret.as_uri()}">]>'
        path.write_bytes(
            xml.replace(b"<score-partwise", entity.encode() + b"<score-partwise").replace(b"Melody", b"&a;")
        )
    else:
        path = folder / "bad.mxl"
        members = {"META-INF/container.xml": container("score.xml"), "score.xml": xml}
        if fault == "zip bomb":
            members["score.xml"] = xml.replace(b"Melody", b" " * 100_000_000)
        elif fault == "leaves the archive":
            (folder / "score.xml").write_bytes(xml)
            members["META-INF/container.xml"] = container("../score.xml")
        archive(path, members)
        if fault == "truncated":
            path.write_bytes(path.read_bytes()[:-200])
    return path


@pytest.mark.parametrize(
    "fault",
    ["no notes", "not XML", "entity expansion", "external entity", "zip bomb", "leaves the archive", "truncated"],
)
def test_a_bad_score_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], fault: str) -> None:
    _, audio = melody_pair(tmp_path)
    path, out = bad_score(tmp_path, fault), tmp_path / "out.csv"
    before = sorted(tmp_path.iterdir())
    assert run(["align", str(path), str(audio), "-o", str(out)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"dp: {path}: ")
    assert "secret" not in lines[0].removeprefix(f"dp: {path}")
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("fault", ["text named mp3", "empty file", "no samples", "silence", "another piece", "missing"])
def test_a_bad_recording_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], fault: str) -> None:
    score, audio = melody_pair(tmp_path)
    if fault == "text named mp3":
        audio = tmp_path / "a.mp3"
        audio.write_text("this is a letter, not a recording\n" * 100)
    elif fault == "empty file":
        audio.write_bytes(b"")
    elif fault == "no samples":
        soundfile.write(audio, np.zeros(0), 22050)
    elif fault == "silence":
        soundfile.write(audio, np.zeros(22050 * 8), 22050)
    elif fault == "another piece":
        score.write_bytes(melody_xml(OTHER))
    else:
        audio.unlink()
    before = sorted(tmp_path.iterdir())
    assert run(["align", str(score), str(audio), "-o", str(tmp_path / "out.csv")]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert str(audio) in lines[0]
    assert sorted(tmp_path.iterdir()) == before


def test_a_full_disk_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    score, audio = melody_pair(tmp_path)
    before = sorted(tmp_path.iterdir())

    def full(self: Path, content: bytes) -> int:
        with self.open("wb") as file:
            file.write(content[:10])
        raise OSError(errno.ENOSPC, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_bytes", full)
    assert run(["align", str(score), str(audio), "-o", str(tmp_path / "out.csv")]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert f"{tmp_path / 'out.csv'}: No space left on device" in lines[0]
    assert sorted(tmp_path.iterdir()) == before
