"""The demo corpus; making it once (a few seconds) serves all tests here."""

from pathlib import Path

import numpy as np
import pytest

from dp.audio import read_audio, read_audio_info
from dp.corpora import list_recordings
from dp.corpora.demo import make
from dp.corpora.demo.corpus import UNSEEN_SCORE, read_true_notes
from dp.corpora.demo.engraving import Bar, Sound, Study, engrave_study
from dp.corpora.demo.make import make_demo
from dp.corpora.demo.players import LEAD_IN_SEC, PLAYERS, Player, perform
from dp.corpora.demo.studies import compose_studies
from dp.errors import DataError
from dp.score import read_score


def write_study(path: Path, *bars: Bar) -> Path:
    path.write_text(engrave_study(Study("s", "A <title> & more", bars, 3, 4, -1, 60)), encoding="utf-8")
    return path


def test_engraved_bars_read_back(tmp_path: Path) -> None:
    bars = (
        Bar((Sound((65,), 24, grace=67), Sound((), 12), Sound((58, 70), 36)), opens_repeat=True),
        Bar((Sound((72,), 72),), closes_repeat=True, ending=1),
        Bar((Sound((60,), 72),), ending=2),
    )
    score = read_score(write_study(tmp_path / "s.musicxml", *bars))
    rows = sorted(zip(score.notes.onset_quarter, score.notes.pitch, score.notes.duration_quarter, strict=True))
    first = [(0.0, 65, 1.0), (0.0, 67, 0.0), (1.5, 58, 1.5), (1.5, 70, 1.5), (3.0, 72, 3.0)]
    again = [(6.0, 65, 1.0), (6.0, 67, 0.0), (7.5, 58, 1.5), (7.5, 70, 1.5), (9.0, 60, 3.0)]
    assert rows == first + again
    assert score.title == "A <title> & more"
    np.testing.assert_array_equal(score.tempo_qpm[:1], [60.0])


def test_every_bar_of_every_study_is_full() -> None:
    for study in compose_studies():
        bar_tick = study.beats * 96 // study.beat_type
        assert {sum(sound.tick for sound in bar.sounds) for bar in study.bars} == {bar_tick}, study.name


def test_a_player_without_whims_keeps_the_metronome(tmp_path: Path) -> None:
    score = read_score(write_study(tmp_path / "s.musicxml", Bar((Sound((65,), 24), Sound((58, 70), 48, grace=67)))))
    plain = Player("plain", 2.0, 0.0, 8.0, 0.0, 0.0, 0.0, 1.0, 64, 0)
    notes = perform(score, plain, np.random.default_rng(0))
    by_pitch = {int(pitch): index for index, pitch in enumerate(notes.pitch)}
    onset_sec = notes.onset_sec - LEAD_IN_SEC  # at 120 quarters a minute
    np.testing.assert_allclose(onset_sec[[by_pitch[p] for p in (65, 58, 70)]], [0.0, 0.5, 0.5])
    assert onset_sec[by_pitch[67]] == pytest.approx(0.5 - 0.09)
    assert notes.offset_sec[by_pitch[67]] == pytest.approx(0.5 + LEAD_IN_SEC)
    assert 0.95 <= notes.offset_sec[by_pitch[58]] - notes.onset_sec[by_pitch[58]] <= 1.0


def test_players_differ(demo: Path) -> None:
    score = read_score(demo / "scores" / "air.musicxml")
    ends = [perform(score, player, np.random.default_rng(0)).offset_sec.max() for player in PLAYERS]
    assert ends[1] < 0.9 * ends[0] and ends[2] > 1.1 * ends[0]


def test_recordings(demo: Path) -> None:
    corpus = list_recordings("demo", demo)
    assert len(corpus.recordings) == 12 and corpus.missing == ()
    assert len({r.piece_id for r in corpus.recordings}) == 6
    assert {r.performer for r in corpus.recordings} == {"ada", "bruno", "clara"}
    for recording in corpus.recordings:
        assert read_audio_info(recording.audio_path).sample_rate_hz == 22050
        assert 20.0 < read_audio_info(recording.audio_path).duration_sec < 41.0
    assert corpus.recordings[0].recording_id == "ada_scales"
    assert "unseen" not in {r.piece_id for r in corpus.recordings}
    assert len(read_score(demo / UNSEEN_SCORE).notes) > 20


def test_truth_is_the_scores_note_by_note(demo: Path) -> None:
    kinds = set()
    for recording in list_recordings("demo", demo).recordings:
        notes, truth = read_score(recording.score_path).notes, read_true_notes(demo, recording.recording_id)
        np.testing.assert_array_equal(truth.pitch, notes.pitch)
        assert (truth.offset_sec > truth.onset_sec).all() and truth.onset_sec.min() > 0.5
        assert (np.diff(truth.onset_sec[~notes.is_grace]) > -0.08).all()  # a chord may be rolled, no more
        assert truth.offset_sec.max() < read_audio_info(recording.audio_path).duration_sec
        kinds |= {"grace"} if notes.is_grace.any() else set()
        kinds |= {"chord"} if (np.diff(notes.onset_quarter[~notes.is_grace]) == 0).any() else set()
    assert kinds == {"grace", "chord"}


def test_truth_is_what_sounds(demo: Path) -> None:
    """The level rises at the first onset, and the first note's pitch is in the sound."""
    for recording in list_recordings("demo", demo).recordings:
        truth = read_true_notes(demo, recording.recording_id)
        samples = read_audio(recording.audio_path, 22050)
        first = int(truth.onset_sec.argmin())
        onset = round(truth.onset_sec[first] * 22050)
        before, after = samples[onset - 4000 : onset], samples[onset + 441 : onset + 2646]
        assert after.std() > 5 * before.std()
        spectrum = np.abs(np.fft.rfft(after * np.hanning(len(after)), 1 << 16))
        hz = 440.0 * 2 ** ((truth.pitch[first] - 69) / 12)
        near = spectrum[round(hz * 0.97 / 22050 * 65536) : round(hz * 1.03 / 22050 * 65536) + 1].max()
        assert near > 20 * np.median(spectrum)


def test_making_it_again_changes_nothing(demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path: path.stat().st_mtime_ns for path in demo.rglob("*")}
    monkeypatch.setattr(make, "_fill", lambda folder: pytest.fail("was made again"))
    make_demo(demo)
    assert {path: path.stat().st_mtime_ns for path in demo.rglob("*")} == before


def test_it_is_the_same_every_time(tmp_path: Path, demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    studies = compose_studies()
    monkeypatch.setattr(make, "compose_studies", lambda: studies[:1])
    make_demo(tmp_path / "demo")
    for path in (tmp_path / "demo").rglob("ada_scales.*"):
        assert path.read_bytes() == (demo / path.relative_to(tmp_path / "demo")).read_bytes()


def test_a_deleted_file_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    studies = compose_studies()
    monkeypatch.setattr(make, "compose_studies", lambda: studies[3:4])
    made = tmp_path / "demo"
    make_demo(made)
    (made / "audio" / "ada_rounds.wav").unlink()
    corpus = list_recordings("demo", made)
    assert [r.recording_id for r in corpus.recordings] == ["bruno_rounds"]
    assert [(m.recording_id, m.reason) for m in corpus.missing] == [("ada_rounds", "ada_rounds.wav was deleted")]
    with pytest.raises(DataError, match="holds something else than a complete demo corpus"):
        make_demo(made)


def test_a_failure_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(make, "write_audio", full)
    with pytest.raises(OSError, match="No space left"):
        make_demo(tmp_path / "demo")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()
    with pytest.raises(DataError, match="holds something else"):
        make_demo(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
