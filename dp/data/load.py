"""Training arrays from a project's feature store."""

from dataclasses import replace
from pathlib import Path

from dp.audio import read_audio
from dp.audio.level import at_full_level
from dp.config import MelConfig
from dp.data.arrays import (
    Arrays,
    Performance,
    SynthesisClip,
    TimingClip,
    VocoderClip,
    synthesis_arrays,
    timing_arrays,
    vocoder_arrays,
)
from dp.data.clips import Clip, take_notes
from dp.errors import DataError
from dp.store.reading import (
    StoredPerformance,
    read_clips,
    read_mels,
    read_peaks,
    read_performed_notes,
    read_recordings,
    read_score_notes,
)
from dp.types import ScoreNotes


def load_clips(data: Path) -> list[Clip]:
    """All clips of the accepted recordings."""
    instruments = {recording.recording_id: recording.instrument for recording in read_recordings(data)}
    peaks = read_peaks(data)
    return [
        Clip(
            clip_id=row.clip_id,
            recording_id=row.recording_id,
            instrument=instruments[row.recording_id],
            performer=row.performer,
            start_frame=row.start_frame,
            end_frame=row.end_frame,
            valid_by_clip=row.valid_by_clip,
            valid_by_recording=row.valid_by_recording,
            peak=peaks[row.clip_id],
        )
        for row in read_clips(data)
    ]


def load_performances(data: Path) -> list[Performance]:
    """All accepted recordings with their scores."""
    pieces = {recording.recording_id: recording.piece_id for recording in read_recordings(data)}
    scores = read_score_notes(data)
    return [
        Performance(recording_id, _as_played(recording_id, scores[pieces[recording_id]], played), played.performed)
        for recording_id, played in read_performed_notes(data).items()
    ]


def _as_played(recording_id: str, notes: ScoreNotes, played: StoredPerformance) -> ScoreNotes:
    last = int(played.note_id.max(initial=0))
    if last >= len(notes):
        raise DataError(recording_id, f"plays note {last} of a score of {len(notes)}", "align it again")
    return replace(take_notes(notes, played.note_id), onset_quarter=played.onset_quarter)


def load_timing_arrays(data: Path, mel: MelConfig, data_note: str = "") -> Arrays[TimingClip]:
    """Arrays for the timing model.

    Args:
        data: the project's data folder.
        mel: the log-mel of the store.
        data_note: which data these are; goes into the checkpoint.

    Raises:
        DataError: a dataset is missing, damaged or does not fit the others.
    """
    return timing_arrays(load_performances(data), load_clips(data), mel, data_note)


def load_synthesis_arrays(
    data: Path, mel: MelConfig, data_note: str = "", level: str = "recording", margin_frame: int = 0
) -> Arrays[SynthesisClip]:
    """Arrays for the synthesis model; see `load_timing_arrays` and `synthesis_arrays`."""
    mels = dict(read_mels(data))
    return synthesis_arrays(load_performances(data), load_clips(data), mels, mel, data_note, level, margin_frame)


def load_vocoder_arrays(data: Path, mel: MelConfig, data_note: str = "") -> Arrays[VocoderClip]:
    """Arrays for the vocoder, with samples decoded from the recordings; see `load_timing_arrays`."""
    clips = load_clips(data)
    wanted = {clip.recording_id for clip in clips}
    samples = {
        recording.recording_id: at_full_level(
            read_audio(recording.audio_path, mel.sample_rate_hz, recording.start_sec, recording.end_sec)
        )
        for recording in read_recordings(data)
        if recording.recording_id in wanted
    }
    return vocoder_arrays(clips, dict(read_mels(data)), samples, mel, data_note)
