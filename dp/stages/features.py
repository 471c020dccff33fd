"""Features: log-mels of the clips of every accepted recording, and which clips are held out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dp import schema
from dp.audio import read_audio
from dp.audio.level import at_full_level
from dp.audio.mel import log_mel
from dp.config import Config, MelConfig, SplitConfig
from dp.errors import DataError
from dp.parallel.outcome import Outcome, attempt
from dp.project import cache_folder, data_folder
from dp.stages.report import in_order, write_report
from dp.store.cache import find_entry, new_entry
from dp.store.clips import clip_bounds, clip_id
from dp.store.hashing import code_digest, result_key
from dp.store.reading import (
    ClipRow,
    StoredRecording,
    read_alignment_report,
    read_mel_frame_counts,
    read_stored_recordings,
)
from dp.store.splits import valid_clips, valid_recordings
from dp.store.tables import make_table, read_table, write_dataset, write_table
from dp.store.writing import mel_columns, row_columns

STAGE = "features"
CODE = ("dp.audio", "dp.stages.features", "dp.store.clips", "dp.store.writing", "dp.schema", "dp.units")
MELS_FILE = "mels.parquet"


@dataclass(frozen=True)
class FeaturesJob:
    """One accepted recording to make features of."""

    stored: StoredRecording
    mel: MelConfig
    cache: Path
    key: str

    @property
    def recording_id(self) -> str:
        """Whose job it is."""
        return self.stored.recording.recording_id


def plan_features(project: Path, config: Config) -> tuple[FeaturesJob, ...]:
    """A job for every recording whose score fits."""
    data = data_folder(project)
    accepted = {row.recording_id for row in read_alignment_report(data) if row.accepted}
    code = code_digest(*CODE)
    jobs = []
    for stored in read_stored_recordings(data):
        recording = stored.recording
        if recording.recording_id in accepted:
            slice_sec = (recording.start_sec, recording.end_sec)
            key = result_key(recording.recording_id, stored.audio_sha256, slice_sec, config.mel, code)
            jobs.append(FeaturesJob(stored, config.mel, cache_folder(project), key))
    return tuple(jobs)


def find_features(job: FeaturesJob) -> Outcome | None:
    """The outcome of a recording whose features were made before; or None."""
    entry = find_entry(job.cache, STAGE, job.key)
    return None if entry is None else Outcome(job.recording_id, "reused", entry=entry)


def make_features(job: FeaturesJob) -> Outcome:
    """Make the features of one recording, or find that this was done before."""
    return attempt(job.recording_id, lambda: find_features(job) or _make(job))


def publish_features(
    project: Path, split: SplitConfig, jobs: Sequence[FeaturesJob], outcomes: Iterable[Outcome]
) -> list[Outcome]:
    """Write the datasets mels (by collection), clips and features_report from the cache."""
    data = data_folder(project)
    final = in_order(outcomes, [job.recording_id for job in jobs])
    stored_by_id = {job.recording_id: job.stored for job in jobs}
    made = [(stored_by_id[outcome.recording_id], outcome.entry) for outcome in final if outcome.entry is not None]
    rows = _clip_rows(made, jobs[0].mel if jobs else MelConfig(), split)
    table = make_table(row_columns(rows, schema.CLIPS.names), schema.CLIPS, data / "clips")
    write_dataset(data / "clips", [(None, table)], schema.CLIPS)
    mels = ((stored.recording.collection, read_table(entry / MELS_FILE, schema.MELS)) for stored, entry in made)
    write_dataset(data / "mels", mels, schema.MELS)
    write_report(data, STAGE, final)
    return final


def _make(job: FeaturesJob) -> Outcome:
    recording, mel = job.stored.recording, job.mel
    samples = at_full_level(
        read_audio(recording.audio_path, mel.sample_rate_hz, recording.start_sec, recording.end_sec)
    )
    frames = log_mel(samples, mel)
    bounds = clip_bounds(len(frames), mel.frame_rate_hz)
    if not bounds:
        raise DataError(recording.audio_path, f"has {len(samples)} samples, less than a frame", "correct start and end")
    clips = {clip_id(job.recording_id, index): frames[start:end] for index, (start, end) in enumerate(bounds)}
    hop = mel.hop_sample
    peaks = [float(np.abs(samples[start * hop : end * hop]).max()) for start, end in bounds]
    with new_entry(job.cache, STAGE, job.key) as entry:
        write_table(entry / MELS_FILE, mel_columns(job.recording_id, clips, peaks), schema.MELS)
    return Outcome(job.recording_id, "done", entry=job.cache / STAGE / job.key)


def _clip_rows(made: Sequence[tuple[StoredRecording, Path]], mel: MelConfig, split: SplitConfig) -> list[ClipRow]:
    """The clips of all recordings, with both splits."""
    spans = []
    for stored, entry in made:
        counts = read_mel_frame_counts(entry / MELS_FILE)
        spans += [
            (stored.recording, index, span) for index, span in enumerate(clip_bounds(sum(counts), mel.frame_rate_hz))
        ]
    by_clip = valid_clips((clip_id(r.recording_id, i) for r, i, _ in spans), split.seed, split.valid_fraction)
    performers = {stored.recording.recording_id: stored.recording.performer for stored, _ in made}
    by_recording = valid_recordings(performers, split.seed, split.valid_fraction, split.valid_recordings)
    return [
        ClipRow(
            clip_id=clip_id(recording.recording_id, index),
            recording_id=recording.recording_id,
            piece_id=recording.piece_id,
            performer=recording.performer,
            clip_index=index,
            start_frame=start_frame,
            end_frame=end_frame,
            valid_by_clip=clip_id(recording.recording_id, index) in by_clip,
            valid_by_recording=recording.recording_id in by_recording,
        )
        for recording, index, (start_frame, end_frame) in spans
    ]
