"""Make the log-mels of the clips of every accepted recording, and hold some clips out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dp import schema
from dp.config import Config, MelConfig, SplitConfig
from dp.parallel.outcome import Outcome, attempt
from dp.project import locate_cache_folder, locate_data_folder
from dp.stages import features_entry
from dp.stages.features_entry import MELS_FILE
from dp.stages.report import sort_outcomes, write_report
from dp.stages.stage_job import find_result, make_result
from dp.store.clips import find_clip_bounds, make_clip_id
from dp.store.code import compute_code_digest
from dp.store.hashing import make_result_key
from dp.store.reading import read_alignment_report, read_mel_frame_counts, read_stored_recordings
from dp.store.rows import ClipRow, StoredRecording
from dp.store.splits import choose_valid_clips, choose_valid_recordings
from dp.store.tables import make_table, read_table, write_dataset
from dp.store.writing import make_row_columns

STAGE = "features"


@dataclass(frozen=True)
class FeaturesJob:
    """One accepted recording to make features of."""

    stored: StoredRecording
    mel: MelConfig
    cache: Path
    key: str

    @property
    def recording_id(self) -> str:
        """The recording to make features of."""
        return self.stored.recording.recording_id


def plan_features(project: Path, config: Config) -> tuple[FeaturesJob, ...]:
    """Plan a job for every recording whose score fits."""
    data = locate_data_folder(project)
    accepted = {row.recording_id for row in read_alignment_report(data) if row.accepted}
    code = compute_code_digest(features_entry.__name__)
    jobs = []
    for stored in read_stored_recordings(data):
        recording = stored.recording
        if recording.recording_id in accepted:
            slice_sec = (recording.start_sec, recording.end_sec)
            key = make_result_key(recording.recording_id, stored.audio_sha256, slice_sec, config.mel, code)
            jobs.append(FeaturesJob(stored, config.mel, locate_cache_folder(project), key))
    return tuple(jobs)


def find_features(job: FeaturesJob) -> Outcome | None:
    """Find the outcome of a recording whose features were made before; or None."""
    return find_result(job, STAGE)


def make_features(job: FeaturesJob) -> Outcome:
    """Make the features of one recording, or find that this was done before."""
    return attempt(job.recording_id, lambda: find_features(job) or _make(job))


def publish_features(
    project: Path, split: SplitConfig, jobs: Sequence[FeaturesJob], outcomes: Iterable[Outcome]
) -> list[Outcome]:
    """Write the datasets mels (by collection), clips and features_report from the cache."""
    data = locate_data_folder(project)
    final = sort_outcomes(outcomes, [job.recording_id for job in jobs])
    stored_by_id = {job.recording_id: job.stored for job in jobs}
    made = [(stored_by_id[outcome.recording_id], outcome.entry) for outcome in final if outcome.entry is not None]
    rows = _clip_rows(made, jobs[0].mel if jobs else MelConfig(), split)
    table = make_table(make_row_columns(rows, schema.CLIPS.names), schema.CLIPS, data / "clips")
    write_dataset(data / "clips", [(None, table)], schema.CLIPS)
    mels = ((stored.recording.collection, read_table(entry / MELS_FILE, schema.MELS)) for stored, entry in made)
    write_dataset(data / "mels", mels, schema.MELS)
    write_report(data, STAGE, final)
    return final


def _make(job: FeaturesJob) -> Outcome:
    return make_result(job, STAGE, lambda entry: features_entry.write_entry(entry, job.stored.recording, job.mel))


def _clip_rows(made: Sequence[tuple[StoredRecording, Path]], mel: MelConfig, split: SplitConfig) -> list[ClipRow]:
    """Make the rows of the clips of all recordings, with both splits."""
    spans = []
    for stored, entry in made:
        counts = read_mel_frame_counts(entry / MELS_FILE)
        spans += [
            (stored.recording, index, span)
            for index, span in enumerate(find_clip_bounds(sum(counts), mel.frame_rate_hz))
        ]
    by_clip = choose_valid_clips(
        (make_clip_id(r.recording_id, i) for r, i, _ in spans), split.seed, split.valid_fraction
    )
    performers = {stored.recording.recording_id: stored.recording.performer for stored, _ in made}
    by_recording = choose_valid_recordings(performers, split.seed, split.valid_fraction, split.valid_recordings)
    return [
        ClipRow(
            clip_id=make_clip_id(recording.recording_id, index),
            recording_id=recording.recording_id,
            piece_id=recording.piece_id,
            performer=recording.performer,
            clip_index=index,
            start_frame=start_frame,
            end_frame=end_frame,
            valid_by_clip=make_clip_id(recording.recording_id, index) in by_clip,
            valid_by_recording=recording.recording_id in by_recording,
        )
        for recording, index, (start_frame, end_frame) in spans
    ]
