"""The publication's aligner: its path, how notes are read off it, what it needs, and what it published."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from dp.align import ALIGN_SAMPLE_RATE_HZ, align
from dp.align.publication import align as publication
from dp.align.publication import fluidsynth, plain_dtw
from dp.align.publication.fluidsynth import find_command, find_soundfont, synthesize
from dp.audio import read_audio
from dp.cli import run
from dp.config import AlignConfig
from dp.corpora.bach_violin import list_recordings, read_movement_alignment, read_movement_notes
from dp.errors import DataError
from dp.types import ScoreNotes
from dp.units import tick_to_quarter
from tests.align.played import MELODY, melody_played, play, played_at
from tests.factories import notes_of

CONFIG = AlignConfig(method="publication")
FRAME_SEC = 0.032


@pytest.fixture
def needs_sound() -> None:
    """Skip where the score cannot be synthesized."""
    try:
        find_command()
        find_soundfont()
    except DataError as error:
        pytest.skip(f"needs fluidsynth and its soundfont: {error}")


@pytest.fixture
def fake_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Harmonic tones in the place of fluidsynth."""

    def tones(
        onset: np.ndarray, offset: np.ndarray, pitch: np.ndarray, program: int, count: int, rate_hz: int
    ) -> np.ndarray:
        out = np.zeros(count, np.float32)
        for begin, end, note in zip(onset, offset, pitch, strict=True):
            first, last = (int(tick * count / max(offset.max(), 1)) for tick in (begin, end))
            radian = 2 * np.pi * 440 * 2 ** ((note - 69) / 12) * np.arange(last - first) / rate_hz
            out[first:last] += sum(np.sin(h * radian) / h for h in range(1, 5)) * 0.1
        return out

    monkeypatch.setattr(publication, "synthesize", tones)


@pytest.mark.parametrize(("rows", "columns", "levels"), [(1, 1, 9), (1, 7, 9), (7, 1, 9), (65, 130, 3), (200, 150, 2)])
def test_the_path_is_librosa_s_ties_included(rows: int, columns: int, levels: int) -> None:
    from librosa.sequence import dtw

    rng = np.random.default_rng(rows)
    a, b = (rng.integers(0, levels, (count, 3)).astype(np.float32) for count in (rows, columns))
    expected = dtw(a.T, b.T)[1][::-1]
    np.testing.assert_array_equal(plain_dtw.find_plain_path(a, b), expected)


def test_notes_are_read_off_the_path_as_published() -> None:
    """Eight ticks over four frames: two ticks a frame. The recording holds its second frame for three frames."""
    path = np.array([[0, 0], [1, 1], [2, 1], [3, 1], [4, 2], [5, 3]])
    times = publication.find_times_on_path(path, np.array([0, 2, 3, 6]), np.array([2, 3, 6, 8]), 4)
    np.testing.assert_allclose(times.onset_sec / FRAME_SEC, [1, 4, 4, 5])  # the first point after the onset
    np.testing.assert_allclose(times.offset_sec / FRAME_SEC, [0, 3, 4, 5])  # the last point before the offset


def test_a_step_of_the_score_alone_gives_a_note_no_length() -> None:
    path = np.array([[0, 0], [1, 1], [1, 2], [1, 3], [1, 4], [2, 5], [3, 6], [4, 7]])
    times = publication.find_times_on_path(path, np.array([0, 1, 4]), np.array([1, 4, 8]), 8)
    np.testing.assert_allclose(times.onset_sec / FRAME_SEC, [1, 1, 2])
    np.testing.assert_allclose(times.offset_sec / FRAME_SEC, [0, 1, 4])


@pytest.mark.usefixtures("fake_sound")
def test_a_performance_is_aligned_and_another_piece_rejected() -> None:
    rows = melody_played()
    sound, notes = play(rows, rows[-1][1] + 0.5), notes_of([*MELODY, (0.0, 0.0, 60)])
    found = align(sound, notes, CONFIG, "tune")
    performed, total_sec = found.performed, len(sound) / ALIGN_SAMPLE_RATE_HZ
    assert found.accepted and found.reason == ""
    assert found.notes is notes and found.score_index.tolist() == list(range(31))
    error_sec = np.abs(performed.onset_sec - played_at(notes.onset_quarter))
    assert np.median(error_sec) < 0.05
    assert ((performed.onset_sec >= 0) & (performed.offset_sec <= total_sec + 1e-9)).all()
    assert (performed.offset_sec - performed.onset_sec >= FRAME_SEC - 1e-9).all()
    assert (performed.confidence == found.score_fit).all()
    assert (np.diff(found.path.score_quarter) > 0).all() and (np.diff(found.path.audio_sec) >= 0).all()
    rng = np.random.default_rng(5)
    other = align(sound, notes_of([(0.5 * i, 0.5, int(p)) for i, p in enumerate(rng.integers(53, 77, 45))]), CONFIG, "")
    assert not other.accepted and other.reason.startswith("the score does not fit the recording")


@pytest.mark.usefixtures("fake_sound")
@pytest.mark.filterwarnings("ignore:n_fft=")  # librosa's, on so few samples
@pytest.mark.parametrize("rows", [[(0, 4, 69)], [(0, 0, 69)], [(2, 0.01, 69), (2, 1, 60)]])
def test_odd_scores(rows: Sequence[tuple[float, float, int]]) -> None:
    rng = np.random.default_rng(0)
    found = align(rng.standard_normal(2205).astype(np.float32), notes_of(rows), CONFIG, "odd")
    assert (found.performed.offset_sec > found.performed.onset_sec).all()


def test_a_recording_too_long_for_the_memory_is_refused_before_any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_dtw, "find_free_memory_byte", lambda: 600_000_000)
    monkeypatch.setattr(publication, "synthesize", None)
    noise = np.random.default_rng(0).standard_normal(320 * ALIGN_SAMPLE_RATE_HZ).astype(np.float32)
    part = r"long: its 10001 frames against 10001 of the score need 0.6 GB of memory, 0.6 GB are free; align a shorter"
    with pytest.raises(DataError, match=part):
        align(noise, notes_of([(0, 1, 60)]), CONFIG, "long")


def test_free_memory_is_known() -> None:
    assert 10**7 < plain_dtw.find_free_memory_byte() < 10**15


def test_what_is_missing_is_named_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DataError, match=r"fluidsynth: command not found; install it .*apt install fluidsynth"):
        find_command()
    monkeypatch.delenv("DP_SOUNDFONT", raising=False)
    monkeypatch.setattr(fluidsynth, "_FOLDERS", (tmp_path,))
    with pytest.raises(
        DataError, match=r"MuseScore General: not found in .*soundfont-small.* or name .* in DP_SOUNDFONT"
    ):
        find_soundfont()
    (tmp_path / "MuseScore_General.sf3").write_bytes(b"")
    assert find_soundfont() == tmp_path / "MuseScore_General.sf3"
    monkeypatch.setenv("DP_SOUNDFONT", str(tmp_path / "none.sf2"))
    with pytest.raises(DataError, match=r"DP_SOUNDFONT: names .*none.sf2, which is not a file"):
        find_soundfont()


def test_an_unknown_method_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["align", "a.mxl", "b.wav", "-o", str(tmp_path / "x.csv"), "--method", "magic"]) == 2
    assert capsys.readouterr().err == "dp: --method: 'magic' is no method; choose ours or publication\n"


@pytest.mark.usefixtures("needs_sound")
def test_the_score_sounds_when_it_should_and_stops_with_the_recording() -> None:
    onset, offset = np.array([24, 48]), np.array([48, 96])
    sound = synthesize(onset, offset, np.array([60, 67]), 0, 64000, 16000)  # four quarters in four seconds
    level = np.abs(sound).reshape(8, 8000).max(axis=1)
    assert len(sound) == 64000
    assert level[0] < 1e-3
    assert level[4] > 2 * level[3] and level[2] > 0.01  # the second note is struck at 2 s


@pytest.mark.usefixtures("needs_sound")
def test_a_broken_soundfont_and_an_impossible_tempo_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    one = np.array([0]), np.array([24]), np.array([60])
    with pytest.raises(
        DataError, match=r"the score: would have to be played at 0\.6 quarters per minute to last 100 s"
    ):
        synthesize(*one, 0, 1_600_000, 16000)
    (tmp_path / "x.sf3").write_bytes(b"no soundfont")
    monkeypatch.setenv("DP_SOUNDFONT", str(tmp_path / "x.sf3"))
    with pytest.raises(DataError, match=r"fluidsynth: made no sound of the score with .*x\.sf3"):
        synthesize(*one, 0, 16000, 16000)


@pytest.mark.usefixtures("needs_sound")
def test_the_published_alignments_are_met(shared_data: Path) -> None:
    root = shared_data / "bach-violin"
    apart = []  # in frames
    for recording in list_recordings(root).recordings:
        name = recording.recording_id
        samples = read_audio(recording.audio_path, ALIGN_SAMPLE_RATE_HZ, recording.start_sec, recording.end_sec)
        written, published = read_movement_notes(root, name), read_movement_alignment(root, name)
        assert published is not None
        one = np.ones(len(written.pitch), np.int64)
        onset, length = tick_to_quarter(written.onset_tick), tick_to_quarter(written.offset_tick - written.onset_tick)
        notes = ScoreNotes(onset, length, written.pitch, written.velocity, one, one, 0 * one)
        found = publication.read_path_times(samples, notes, CONFIG.program, name)
        times = (found.onset_sec, published.onset_sec), (found.offset_sec, published.offset_sec)
        apart.append(np.rint(np.abs([ours - theirs for ours, theirs in times]) / FRAME_SEC).ravel())
        assert np.median(apart[-1]) == 0, name
        assert np.percentile(apart[-1], 95) <= 2, name  # 2: in the slowest one, 26 quarters a minute
    assert len(apart) == 6
    together = np.concatenate(apart)
    assert np.median(together) == 0
    assert np.percentile(together, 95) <= 1
    assert (together == 0).mean() > 0.8
