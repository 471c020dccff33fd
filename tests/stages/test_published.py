"""Published alignments on their way from the corpus to the timing model's arrays. No audio takes part."""

import io
import itertools
import zipfile
from pathlib import Path

import numpy as np
import pytest

from dp.config import Config, CorpusConfig, MelConfig, SplitConfig
from dp.data.load import load_timing_arrays
from dp.stages.align import publish_align
from dp.stages.features import publish_features
from dp.stages.ingest import plan_ingest, publish_ingest
from dp.store.reading import read_published_notes, read_score_notes, read_stage_report
from dp.types import Source
from tests.factories import MELODY, melody_times, melody_xml

HEADER = "filename,collection,violinist,work,source_filename,start,end,score_filename"
CONTAINER = '<container><rootfiles><rootfile full-path="score.xml"/></rootfiles></container>'
WORKS, PLAYERS = range(1, 5), ("ann", "bo")


def melody(work: int) -> tuple[int, ...]:
    """A melody of 48 notes that shares no place with those of other works."""
    return tuple(int(pitch) for pitch in np.random.default_rng(work).integers(55, 85, 3 * len(MELODY)))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project beside a copy of the dataset without any audio: four works, each played by two."""
    root, rows = tmp_path / "corpus", []
    for work in WORKS:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as file:
            file.writestr("META-INF/container.xml", CONTAINER)
            file.writestr("score.xml", melody_xml(melody(work)))
        score = root / "scores" / f"bwv{work}" / f"bwv{work}_mov1.mxl"
        score.parent.mkdir(parents=True)
        score.write_bytes(buffer.getvalue())
        for seed, player in enumerate(PLAYERS):
            name = f"{player}_bwv{work}_mov1"
            rows.append(f"{name},{player},{player},BWV{work},{name}.mp3,0:00:00,0:01:00,bwv{work}_mov1")
            notes = "".join(f"{24 * i},{24 * i + 24},{pitch},64\n" for i, pitch in enumerate(melody(work)))
            times = np.round(melody_times(len(melody(work)), seed) / 0.032) * 0.032
            ends = "".join(f"{on:.3f},{end - 0.032:.3f}\n" for on, end in itertools.pairwise(times))
            for folder, text in (
                ("notes", "onset,offset,pitch,velocity\n" + notes),
                ("alignments", "start,end\n" + ends),
            ):
                path = root / folder / player / f"{name}.csv"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
    (root / "info.csv").write_text("\n".join([HEADER, *rows]) + "\n")
    (root / "audio.csv").write_text("filename,license\nann_bwv1_mov1.mp3,CC BY-NC\nbo_bwv1_mov1.mp3,-\n")
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


CONFIG = Config(corpus=CorpusConfig("bach-violin", "../corpus"))


def test_performances_without_audio_are_stored_and_told(project: Path) -> None:
    plan = plan_ingest(project, CONFIG)
    outcomes = publish_ingest(project, CONFIG, plan, [])
    published = read_published_notes(project / "data")
    assert [(item.recording_id, item.piece_id, item.performer) for item in published[:3]] == [
        ("ann_bwv1_mov1", "bwv1_mov1", "ann"),
        ("bo_bwv1_mov1", "bwv1_mov1", "bo"),
        ("ann_bwv2_mov1", "bwv2_mov1", "ann"),
    ]
    assert [item.licence for item in published[:3]] == ["CC BY-NC", "unknown", "unknown"]
    assert tuple(published[0].played.performed.pitch) == melody(1)
    assert sorted(read_score_notes(project / "data")) == [f"bwv{work}_mov1" for work in WORKS]
    assert {outcome.outcome for outcome in outcomes} == {"missing"}
    assert outcomes[0].reason.endswith("is not in this copy of the dataset; its published alignment is used")
    assert len(read_stage_report(project / "data", "ingest")) == 8


def test_a_bad_alignment_costs_itself_alone_and_is_told(project: Path) -> None:
    path = project / "../corpus/alignments/bo/bo_bwv3_mov1.csv"
    path.write_text("start,end\n0,1\n")
    outcomes = {
        row.recording_id: row.reason for row in publish_ingest(project, CONFIG, plan_ingest(project, CONFIG), [])
    }
    assert "is not used" in outcomes["bo_bwv3_mov1"] and "has 1 rows for 48 notes" in outcomes["bo_bwv3_mov1"]
    assert len(read_published_notes(project / "data")) == 7


def test_a_second_run_finds_what_the_first_one_did(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish_ingest(project, CONFIG, plan_ingest(project, CONFIG), [])
    before = read_published_notes(project / "data")
    monkeypatch.setattr("dp.stages.published_entry.read_published_alignment", None)
    publish_ingest(project, CONFIG, plan_ingest(project, CONFIG), [])
    assert [item.recording_id for item in read_published_notes(project / "data")] == [
        item.recording_id for item in before
    ]


def test_another_licence_is_taken_over(project: Path) -> None:
    publish_ingest(project, CONFIG, plan_ingest(project, CONFIG), [])
    (project / "../corpus/audio.csv").write_text("filename,license\nann_bwv1_mov1.mp3,PD\n")
    publish_ingest(project, CONFIG, plan_ingest(project, CONFIG), [])
    assert read_published_notes(project / "data")[0].licence == "PD"


def test_the_timing_model_learns_from_them_and_a_movement_is_held_out_with_all_its_players(project: Path) -> None:
    publish_ingest(project, CONFIG, plan_ingest(project, CONFIG), [])
    publish_align(project, [], [])
    publish_features(project, SplitConfig(), [], [])
    arrays = load_timing_arrays(project / "data", MelConfig(), SplitConfig(), "x")
    assert arrays.performer_names == PLAYERS
    assert len({item.clip.recording_id for item in arrays.clips}) == 8
    held_out = {item.clip.recording_id for item in arrays.clips if item.clip.valid_by_recording}
    works = {name.split("_")[1] for name in held_out}
    assert len(works) == 1 and held_out == {f"{player}_{work}_mov1" for player in PLAYERS for work in works}
    assert 0 < len(arrays.select_held_out("clip")) < len(arrays.clips) / 2
    piece = arrays.clips[0].piece
    assert not piece.articulation_known and not piece.note_trained.any()
    assert piece.movement == "ann_bwv1_mov1"
    assert {source.recording_id for source in arrays.trained_on}.isdisjoint(held_out)
    nothing = load_timing_arrays(project / "data", MelConfig(), SplitConfig(valid_fraction=0.0))
    assert nothing.select_held_out("recording") == []
    assert nothing.trained_on[:2] == (
        Source("ann_bwv1_mov1", "ann", "CC BY-NC"),
        Source("ann_bwv2_mov1", "ann", "unknown"),
    )
