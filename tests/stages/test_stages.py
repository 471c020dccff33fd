"""What the stages compute, what they reuse, and what one bad recording costs. No orchestrator takes part."""

import errno
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from dp.align import align as align_samples
from dp.cli.project import _format_summary
from dp.config import AlignConfig, Config, CorpusConfig, MelConfig, SplitConfig
from dp.corpora import list_recordings
from dp.parallel.outcome import Outcome
from dp.stages import align, align_entry, features_entry, ingest
from dp.stages.align import align_recording, find_alignment, plan_align, publish_align
from dp.stages.features import find_features, make_features, plan_features, publish_features
from dp.stages.ingest import ingest_recording, plan_ingest, publish_ingest
from dp.stages.pitch import find_pitch, make_pitch, plan_pitch, publish_pitch
from dp.store.note_pitch import read_note_pitch
from dp.store.reading import (
    read_alignment_report,
    read_clips,
    read_mels,
    read_performed_notes,
    read_recordings,
    read_score_notes,
    read_stage_report,
    read_stored_recordings,
)
from dp.types import Alignment, ScoreNotes
from flows.summary import STAGES, summarize
from tests.factories import MELODY, melody_pair, melody_samples, melody_xml

OTHER_MELODY = (*MELODY[5:], *MELODY[:5])
GOOD = ("one-wav", "two-wav")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project beside a corpus of two good recordings."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    melody_pair(corpus, "one", seed=1)
    melody_pair(corpus, "two", pitches=OTHER_MELODY, seed=2)
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


# Whether a score fits is the alignment's business, not judged here.
CONFIG = Config(corpus=CorpusConfig("folder", "../corpus"), align=AlignConfig(min_score_fit=0.0))


def run_stages(project: Path, config: Config = CONFIG) -> dict[str, dict[str, str]]:
    """All stages, one recording after the other; stage -> recording -> outcome."""
    plan = plan_ingest(project, config)
    ingested = publish_ingest(project, config, plan, reversed([ingest_recording(job) for job in plan.jobs]))
    to_align = plan_align(project, config)
    aligned = publish_align(project, to_align, reversed([align_recording(job) for job in to_align]))
    to_make = plan_features(project, config)
    made = publish_features(project, config.split, to_make, reversed([make_features(job) for job in to_make]))
    to_track = plan_pitch(project, config)
    tracked = publish_pitch(project, to_track, reversed([make_pitch(job) for job in to_track]))
    stages = {"ingest": ingested, "align": aligned, "features": made, "pitch": tracked}
    return {name: {row.recording_id: row.outcome for row in rows} for name, rows in stages.items()}


def every_stage(outcome: str) -> dict[str, dict[str, str]]:
    return {stage: dict.fromkeys(GOOD, outcome) for stage in STAGES}


def test_the_first_run_does_all_and_the_second_reuses_all(project: Path) -> None:
    assert run_stages(project) == every_stage("done")
    noted = ("score_notes", "score_repeats", "performed_notes", "alignment_report", "note_pitch")
    names = ("recordings", *noted, "clips", "mels")
    before = {path: path.read_bytes() for name in names for path in (project / "data" / name).rglob("*.parquet")}
    assert run_stages(project) == every_stage("reused")
    assert len(before) == 8
    assert all(path.read_bytes() == content for path, content in before.items())


def test_what_is_published_fits_together(project: Path) -> None:
    run_stages(project)
    data = project / "data"
    recordings = {recording.recording_id: recording for recording in read_recordings(data)}
    assert tuple(recordings) == GOOD
    one = recordings["one-wav"]
    assert one.audio_path.resolve() == (project / "../corpus/one.wav").resolve()
    assert one.end_sec == pytest.approx(soundfile.info(str(one.audio_path)).duration)
    notes, performed = read_score_notes(data)[one.piece_id], read_performed_notes(data)["one-wav"]
    assert tuple(notes.pitch) == tuple(performed.performed.pitch) == MELODY
    assert tuple(performed.note_id) == tuple(performed.onset_quarter) == tuple(range(16))
    assert tuple(notes.onset_quarter) == tuple(range(16))
    clips, mels = read_clips(data), dict(read_mels(data))
    assert [(clip.clip_id, clip.start_frame) for clip in clips[:2]] == [("one-wav/0000", 0), ("one-wav/0001", 312)]
    assert {clip.clip_id: (clip.end_frame - clip.start_frame, 80) for clip in clips} == {
        name: mel.shape for name, mel in mels.items()
    }
    assert sum(clip.valid_by_clip for clip in clips) >= 1
    assert {clip.recording_id for clip in clips if clip.valid_by_recording} in ({"one-wav"}, {"two-wav"})
    assert [row.accepted for row in read_alignment_report(data)] == [True, True]


def test_pitch_curves_follow_the_performed_notes(project: Path) -> None:
    run_stages(project)
    notes = read_performed_notes(project / "data")["two-wav"].performed
    curves = dict(read_note_pitch(project / "data"))
    assert tuple(curves) == GOOD
    assert dict(read_note_pitch(project / "data", ["two-wav"])).keys() == {"two-wav"}
    onset_frame = [curve.first_frame for curve in curves["two-wav"]]
    assert onset_frame == pytest.approx(notes.onset_sec * 125.0, abs=1.0)
    assert [float(np.median(curve.cent)) for curve in curves["two-wav"]] == pytest.approx([0.0] * 16, abs=3.0)
    trust = [float(np.mean(curve.confidence)) for curve in curves["two-wav"]]
    assert trust[:15] == pytest.approx([1.0] * 15, abs=0.2)  # alignment gives the last one 20 ms
    (row,) = {row.reason for row in read_stage_report(project / "data", "pitch")}
    assert row == ""


def test_notes_far_out_of_tune_are_a_doubt(project: Path) -> None:
    run_stages(project)
    late, good = plan_pitch(project, CONFIG)
    notes = late.played.performed
    elsewhere = {name: np.roll(getattr(notes, name), 5) for name in ("onset_sec", "offset_sec")}
    played = replace(late.played, performed=replace(notes, **elsewhere))
    late = replace(late, played=played, key="each note where another one sounds")
    publish_pitch(project, [late, good], [make_pitch(late), make_pitch(good)])
    summary = summarize(project, STAGES)
    assert summary.ok
    assert [result.recording_id for result in summary.doubtful] == ["one-wav"]
    assert "in tune to" in summary.doubtful[0].reason
    assert "  doubtful one-wav: its notes are in tune" in _format_summary(summary)


def test_what_fails_in_one_stage_is_not_hidden_by_the_next(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(features_entry, "write_table", full_disk)
        assert run_stages(project)["pitch"] == dict.fromkeys(GOOD, "done")
    summary = summarize(project, STAGES)
    assert [(row.outcome, row.stage) for row in summary.recordings] == [("crashed", "features")] * 2


def test_a_project_and_its_corpus_can_move_together(project: Path, tmp_path: Path) -> None:
    run_stages(project)
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for name in ("project", "corpus"):
        (tmp_path / name).rename(moved / name)
    assert all(recording.audio_path.is_file() for recording in read_recordings(moved / "project/data"))
    assert run_stages(moved / "project")["align"] == dict.fromkeys(GOOD, "reused")


def test_changed_bytes_of_one_recording_cost_that_one_alone(project: Path) -> None:
    run_stages(project)
    before = {stored.recording.recording_id: stored.audio_sha256 for stored in read_stored_recordings(project / "data")}
    soundfile.write(project / "../corpus/two.wav", melody_samples(OTHER_MELODY, seed=9), 22050)
    outcome = {"one-wav": "reused", "two-wav": "done"}
    assert run_stages(project) == dict.fromkeys(STAGES, outcome)
    after = {stored.recording.recording_id: stored.audio_sha256 for stored in read_stored_recordings(project / "data")}
    assert after["one-wav"] == before["one-wav"]
    assert after["two-wav"] != before["two-wav"]


def test_a_score_that_reads_the_same_is_ingested_again_but_not_aligned_again(project: Path) -> None:
    run_stages(project)
    (project / "../corpus/one.musicxml").write_bytes(melody_xml() + b"<!-- corrected title -->")
    outcomes = run_stages(project)
    assert outcomes["ingest"] == {"one-wav": "done", "two-wav": "reused"}
    assert outcomes["align"] == outcomes["features"] == outcomes["pitch"] == dict.fromkeys(GOOD, "reused")


@pytest.mark.parametrize(
    ("config", "done"),
    [
        (replace(CONFIG, mel=MelConfig(band_count=40)), "features"),
        (replace(CONFIG, align=AlignConfig(min_score_fit=0.01)), "align"),
        (replace(CONFIG, split=SplitConfig(seed=5)), None),
    ],
)
def test_a_changed_parameter_costs_the_stage_that_reads_it(project: Path, config: Config, done: str | None) -> None:
    run_stages(project)
    assert run_stages(project, config) == every_stage("reused") | ({done: dict.fromkeys(GOOD, "done")} if done else {})
    assert run_stages(project) == every_stage("reused"), "and nothing when it is changed back"


def test_a_run_that_was_killed_goes_on_where_it_was(project: Path) -> None:
    plan = plan_ingest(project, CONFIG)
    assert ingest_recording(plan.jobs[0]).outcome == "done"
    assert not (project / "data").exists()
    assert run_stages(project)["ingest"] == {"one-wav": "reused", "two-wav": "done"}


def test_changed_code_is_not_reused(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_stages(project)
    monkeypatch.setattr(align, "compute_code_digest", lambda *names: "other code")
    expected = every_stage("reused") | {"align": dict.fromkeys(GOOD, "done")}
    assert run_stages(project) == expected


def test_another_soundfont_aligns_again(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = (replace(CONFIG, align=AlignConfig(method=m)) for m in ("ours", "publication"))
    plan = plan_ingest(project, CONFIG)
    publish_ingest(project, CONFIG, plan, [ingest_recording(job) for job in plan.jobs])

    def keys(config: Config) -> list[str]:
        return [job.key for job in plan_align(project, config)]

    soundfont = tmp_path / "piano.sf2"
    monkeypatch.setenv("DP_SOUNDFONT", str(soundfont))
    without, played_by_none = keys(ours), keys(theirs)
    soundfont.write_bytes(b"one")
    played_by_one = keys(theirs)
    soundfont.rename(tmp_path / "moved.sf2")
    monkeypatch.setenv("DP_SOUNDFONT", str(tmp_path / "moved.sf2"))
    assert keys(theirs) == played_by_one  # the content counts, not the name
    (tmp_path / "moved.sf2").write_bytes(b"two")
    assert not set(keys(theirs)) & {*played_by_one, *played_by_none}
    assert keys(ours) == without


def test_bad_recordings_are_rows_of_the_report_and_the_good_ones_go_on(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def judged(samples: Any, notes: ScoreNotes, config: AlignConfig, subject: str, repeats: Any) -> Alignment:
        found = align_samples(samples, notes, config, subject, repeats)
        return replace(found, accepted=False, reason="another piece") if "wrong" in subject else found

    monkeypatch.setattr(align_entry, "align", judged)
    corpus = project / "../corpus"
    for name in ("text", "empty", "no-notes", "truncated"):
        melody_pair(corpus, name)
    (corpus / "text.wav").unlink()
    (corpus / "text.mp3").write_text("I am no audio")
    (corpus / "empty.wav").write_bytes(b"")
    (corpus / "no-notes.musicxml").write_bytes(melody_xml(()))
    (corpus / "truncated.musicxml").write_bytes(melody_xml()[:200])
    melody_pair(corpus, "wrong")
    (corpus / "alone.musicxml").write_bytes(melody_xml())
    outcomes = run_stages(project)
    bad = ["empty-wav", "no-notes-wav", "text-mp3", "truncated-wav"]
    assert {name: outcomes["ingest"][name] for name in bad} == dict.fromkeys(bad, "failed")
    assert list(outcomes["ingest"].values()).count("missing") == 1
    assert outcomes["align"] == dict.fromkeys(GOOD, "done") | {"wrong-wav": "rejected"}
    assert outcomes["features"] == outcomes["pitch"] == dict.fromkeys(GOOD, "done")
    reasons = {row.recording_id: row.reason for row in read_stage_report(project / "data", "ingest")}
    for name, file in zip(bad, ("empty.wav", "no-notes.musicxml", "text.mp3", "truncated.musicxml"), strict=True):
        assert f"corpus/{file}: " in reasons[name]
        assert "\n" not in reasons[name]
    assert set(read_performed_notes(project / "data")) == set(GOOD)
    summary = summarize(project, STAGES)
    assert not summary.ok
    assert len(summary.having("done")) == 2
    assert [(row.stage, row.reason) for row in summary.having("rejected")] == [("align", "another piece")]
    assert len(summary.having("failed")) == 4
    # What an earlier run did is not called done when no stage ran; what failed still did.
    later = summarize(project, ())
    assert {result.recording_id for result in later.having("reused")} == set(GOOD)
    assert len(later.having("failed")) == 4


def test_two_scores_with_one_id_are_told_apart(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = list_recordings("folder", project / "../corpus")
    same = tuple(replace(recording, piece_id="piece") for recording in listed.recordings)
    monkeypatch.setattr(ingest, "list_recordings", lambda name, root: replace(listed, recordings=same))
    assert run_stages(project)["ingest"] == {"one-wav": "done", "two-wav": "failed"}
    reason = read_stage_report(project / "data", "ingest")[1].reason
    assert "two.musicxml: has the id piece of another score" in reason


def test_a_slice_outside_the_audio_is_refused(project: Path) -> None:
    (project / "../corpus/pairs.csv").write_text("score,audio,start,end\none.musicxml,one.wav,2,60\n")
    (row,) = (ingest_recording(job) for job in plan_ingest(project, CONFIG).jobs)
    assert row.outcome == "failed"
    assert "one.wav: is 9.129 s long, the slice is 2 s to 60 s; correct its start and end" in row.reason


def full_disk(*args: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def out_of_memory(*args: Any) -> None:
    raise MemoryError("1 TB")


@pytest.mark.parametrize(
    ("fault", "reason"), [(full_disk, "OSError: [Errno 28] No space left"), (out_of_memory, "MemoryError: 1 TB")]
)
def test_a_fault_of_the_machine_is_a_crash_and_leaves_nothing(
    project: Path, monkeypatch: pytest.MonkeyPatch, fault: Callable[..., None], reason: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(features_entry, "write_table", fault)
        assert run_stages(project)["features"] == dict.fromkeys(GOOD, "crashed")
    row = read_stage_report(project / "data", "features")[0]
    assert row.reason.startswith(reason)
    assert list((project / ".dp/cache/features").iterdir()) == []
    assert run_stages(project) == every_stage("reused") | {"features": dict.fromkeys(GOOD, "done")}


def test_what_was_done_before_is_found_without_a_worker(project: Path) -> None:
    plan = plan_ingest(project, CONFIG)
    publish_ingest(project, CONFIG, plan, [ingest_recording(job) for job in plan.jobs])
    job = plan_align(project, CONFIG)[0]
    assert find_alignment(job) is None
    align_recording(job)
    assert find_alignment(job) == Outcome("one-wav", "reused", "", job.cache / "align" / job.key)
    publish_align(project, [job], [align_recording(job)])
    (features_job,), (pitch_job,) = plan_features(project, CONFIG), plan_pitch(project, CONFIG)
    assert find_features(features_job) is None
    assert find_pitch(pitch_job) is None
    make_pitch(pitch_job)
    assert find_pitch(pitch_job) == Outcome("one-wav", "reused", "", job.cache / "pitch" / pitch_job.key)


def test_a_damaged_entry_of_the_cache_is_made_again(project: Path) -> None:
    run_stages(project)
    for report in (project / ".dp/cache/align").rglob("report.parquet"):
        report.write_bytes(b"")
    for curves in (project / ".dp/cache/pitch").rglob("note_pitch.parquet"):
        curves.write_bytes(b"")
    done = dict.fromkeys(GOOD, "done")
    assert run_stages(project) == every_stage("reused") | {"align": done, "pitch": done}
