from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from dp import schema
from dp.audio import write_audio
from dp.config import SplitConfig
from dp.data.load import load_performances, load_timing_arrays
from dp.data.load_sound import load_synthesis_arrays, load_vocoder_arrays
from dp.errors import DataError
from dp.store.rows import ClipRow, StoredRecording
from dp.store.tables import make_table, write_dataset
from dp.store.writing import (
    make_mel_columns,
    make_performed_note_columns,
    make_recording_columns,
    make_row_columns,
    make_score_note_columns,
)
from dp.types import Recording
from tests.train import tiny


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The tiny corpus as a feature store, each recording's slice starting half a second into its file."""
    folder = tmp_path / "data"
    stored, mels = [], {}

    def write(name: str, table_schema: pa.Schema, columns: Sequence[Mapping[str, Any]]) -> None:
        tables = [(None, make_table(part, table_schema, name)) for part in columns]
        write_dataset(folder / name, tables, table_schema)

    for item in tiny.PERFORMANCES:
        samples = tiny.SAMPLES[item.recording_id]
        audio = tmp_path / f"{item.recording_id}.wav"
        write_audio(audio, np.concatenate([np.zeros(8000, np.float32), samples]), 16000)
        end_sec = 0.5 + len(samples) / 16000
        licence = next(clip.licence for clip in tiny.CLIPS if clip.recording_id == item.recording_id)
        names = ("corpus", f"piece-{item.recording_id}", "ann", "violin", audio, audio, 0.5, end_sec, licence)
        stored.append(StoredRecording(Recording(item.recording_id, *names), "a", "b"))
        mels[item.recording_id] = {
            clip.clip_id: tiny.MELS[clip.clip_id] for clip in tiny.CLIPS if clip.recording_id == item.recording_id
        }
    rows = [
        ClipRow(
            clip.clip_id,
            clip.recording_id,
            f"piece-{clip.recording_id}",
            clip.performer,
            index % 2,
            clip.start_frame,
            clip.end_frame,
            clip.valid_by_clip,
            clip.valid_by_recording,
        )
        for index, clip in enumerate(tiny.CLIPS)
    ]
    write("recordings", schema.RECORDINGS, [make_recording_columns(stored, None)])
    write("clips", schema.CLIPS, [make_row_columns(rows, schema.CLIPS.names)])
    write("mels", schema.MELS, [make_mel_columns(key, value, [0.95] * len(value)) for key, value in mels.items()])
    scores = [make_score_note_columns(f"piece-{item.recording_id}", item.notes) for item in tiny.PERFORMANCES]
    write("score_notes", schema.SCORE_NOTES, scores)
    performed = [
        make_performed_note_columns(
            item.recording_id, np.arange(len(item.notes)), item.notes.onset_quarter, item.performed
        )
        for item in tiny.PERFORMANCES
    ]
    write("performed_notes", schema.PERFORMED_NOTES, performed)
    write("published_notes", schema.PUBLISHED_NOTES, [])
    return folder


def test_the_store_gives_the_arrays_it_was_made_of(data: Path) -> None:
    found, true = load_timing_arrays(data, tiny.MEL, SplitConfig(), "tiny"), tiny.timing()
    assert (found.performer_names, found.data_note) == (("ann", "bo"), "tiny")
    assert [item.clip for item in found.clips] == [item.clip for item in true.clips]
    assert found.trained_on == tiny.TRAINED_ON
    for ours, theirs in zip(found.clips, true.clips, strict=True):
        assert np.array_equal(ours.onset_frame, theirs.onset_frame)
        assert np.array_equal(ours.written.onset_tick, theirs.written.onset_tick)


def test_mels_come_to_their_clips(data: Path) -> None:
    for ours, theirs in zip(load_synthesis_arrays(data, tiny.MEL).clips, tiny.synthesis().clips, strict=True):
        np.testing.assert_allclose(ours.log_mel, theirs.log_mel, atol=0.01)  # the store keeps 16 bits
        assert np.array_equal(ours.sounding.onset_frame, theirs.sounding.onset_frame)


def test_samples_are_those_of_the_slice(data: Path) -> None:
    for ours, theirs in zip(load_vocoder_arrays(data, tiny.MEL).clips, tiny.vocoder().clips, strict=True):
        np.testing.assert_allclose(ours.samples, theirs.samples, atol=1e-3)


def test_no_store(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is missing"):
        load_timing_arrays(tmp_path, tiny.MEL, SplitConfig())


def test_notes_stand_in_the_order_played(data: Path) -> None:
    first = tiny.PERFORMANCES[0]
    count = len(first.notes)
    order = np.concatenate([np.arange(2, count), np.arange(2)])  # from the third note on, then the first two
    quarter = np.arange(count) * 0.5
    columns = make_performed_note_columns(first.recording_id, order, quarter, first.performed)
    table = make_table(columns, schema.PERFORMED_NOTES, "played")
    write_dataset(data / "performed_notes", [(None, table)], schema.PERFORMED_NOTES)
    (loaded,) = load_performances(data)
    assert np.array_equal(loaded.notes.pitch, first.notes.pitch[order])
    assert np.array_equal(loaded.notes.onset_quarter, quarter)


def test_a_note_that_the_score_does_not_have_is_refused(data: Path) -> None:
    first = tiny.PERFORMANCES[0]
    count = len(first.notes)
    columns = make_performed_note_columns(first.recording_id, np.arange(count) + 1, np.arange(count), first.performed)
    table = make_table(columns, schema.PERFORMED_NOTES, "played")
    write_dataset(data / "performed_notes", [(None, table)], schema.PERFORMED_NOTES)
    with pytest.raises(DataError, match=f"plays note {count} of a score of {count}"):
        load_performances(data)
