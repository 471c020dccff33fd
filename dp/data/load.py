"""Training arrays from a project's feature store."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from dp.audio.level import at_full_level
from dp.audio.mel import log_mel
from dp.audio.reading import read_audio
from dp.config import Config, MelConfig, SplitConfig
from dp.data.arrays import (
    Arrays,
    BaselineClip,
    Performance,
    TimingClip,
    VocoderClip,
    baseline_arrays,
    synthesis_arrays,
    timing_arrays,
    vocoder_arrays,
)
from dp.data.clips import Clip, Float32Array
from dp.data.movements import movements, surroundings
from dp.data.stretches import SynthesisClip, transposed
from dp.errors import DataError
from dp.presets import BaselineConfig, ModelConfig, SynthesisConfig, TimingConfig
from dp.store.clips import clip_bounds, clip_id
from dp.store.reading import (
    read_clips,
    read_mels,
    read_peaks,
    read_performed_notes,
    read_published_notes,
    read_recordings,
    read_score_notes,
)
from dp.store.rows import PublishedPerformance, StoredPerformance
from dp.store.splits import valid_clips, valid_movements
from dp.types import ScoreNotes
from dp.units import sec_to_frame

HELD_OUT_MOVEMENTS = 0.2  # of those with published alignments: fewer do not tell whether performers can be told apart


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
    return replace(notes.take(played.note_id), onset_quarter=played.onset_quarter)


def load_timing_arrays(data: Path, mel: MelConfig, split: SplitConfig, data_note: str = "") -> Arrays[TimingClip]:
    """Arrays for the timing model: our alignments, and those that the corpus publishes where we have none.

    Of the movements that are known from published alignments some are held out with all who play them, as part of the
    `recording` split; their clips are held out one by one as those of the store are.

    Args:
        data: the project's data folder.
        mel: the log-mel of the store.
        split: how clips and movements are held out.
        data_note: which data these are; goes into the checkpoint.

    Raises:
        DataError: a dataset is missing, damaged or does not fit the others.
    """
    performances, clips = load_all_performances(data, mel, split)
    given = [item.recording_id for item in performances if not item.articulation_known]
    return timing_arrays(performances, _hold_out_movements(performances, clips, given, split), mel, data_note)


def load_all_performances(data: Path, mel: MelConfig, split: SplitConfig) -> tuple[list[Performance], list[Clip]]:
    """Every performance that is known, by our alignment or else by a published one, and its clips.

    See `load_timing_arrays`; here no movement is held out beyond what the store does.
    """
    performances, clips = load_performances(data), load_clips(data)
    aligned = {performance.recording_id for performance in performances}
    scores = read_score_notes(data)
    for item in read_published_notes(data):
        if item.recording_id not in aligned:
            notes = _as_played(item.recording_id, scores[item.piece_id], item.played)
            performances.append(Performance(item.recording_id, notes, item.played.performed, articulation_known=False))
            clips += _published_clips(item, mel, split)
    return performances, clips


def _published_clips(item: PublishedPerformance, mel: MelConfig, split: SplitConfig) -> list[Clip]:
    frame_count = int(sec_to_frame(item.played.performed.offset_sec.max(), mel.frame_rate_hz))
    spans = clip_bounds(frame_count, mel.frame_rate_hz)
    ids = [clip_id(item.recording_id, index) for index in range(len(spans))]
    held_out = valid_clips(ids, split.seed, split.valid_fraction)
    return [
        Clip(name, item.recording_id, item.instrument, item.performer, *span, valid_by_clip=name in held_out)
        for name, span in zip(ids, spans, strict=True)
    ]


def _hold_out_movements(
    performances: Sequence[Performance], clips: Sequence[Clip], given: Collection[str], split: SplitConfig
) -> list[Clip]:
    """The clips, those of the movements that are drawn among the given recordings held out."""
    movement_of = movements({item.recording_id: surroundings(item.notes) for item in performances})
    performer_of = {clip.recording_id: clip.performer for clip in clips}
    players: dict[str, list[str]] = {movement_of[recording_id]: [] for recording_id in given}
    for recording_id, performer in performer_of.items():
        players.get(movement_of[recording_id], []).append(performer)
    chosen = valid_movements(players, split.seed, HELD_OUT_MOVEMENTS if split.valid_fraction > 0.0 else 0.0)
    return [
        replace(clip, valid_by_recording=True) if movement_of[clip.recording_id] in chosen else clip for clip in clips
    ]


def load_synthesis_arrays(
    data: Path,
    mel: MelConfig,
    data_note: str = "",
    level: str = "recording",
    margin_frame: int = 0,
    transpositions: Sequence[int] = (),
) -> Arrays[SynthesisClip]:
    """Arrays for the synthesis model; see `load_timing_arrays` and `synthesis_arrays`.

    The recordings are also taken transposed by so many semitones, to train on.
    """
    mels = dict(read_mels(data))
    arrays = synthesis_arrays(load_performances(data), load_clips(data), mels, mel, data_note, level, margin_frame)
    if not transpositions or not arrays.stretches:
        return arrays
    more = list(arrays.stretches)
    wanted = {stretch.recording_id for stretch in arrays.stretches}
    for recording in (item for item in read_recordings(data) if item.recording_id in wanted):
        own = [stretch for stretch in arrays.stretches if stretch.recording_id == recording.recording_id]
        for semitone in transpositions:
            # Samples at another rate, taken for those of ours, play faster or slower; nothing is missing at the top.
            rate_hz = round(mel.sample_rate_hz / 2.0 ** (semitone / 12.0))
            samples = at_full_level(read_audio(recording.audio_path, rate_hz, recording.start_sec, recording.end_sec))
            faster = log_mel(samples, mel)
            more += [transposed(stretch, faster, semitone) for stretch in own]
    return replace(arrays, stretches=tuple(more))


def load_vocoder_arrays(data: Path, mel: MelConfig, data_note: str = "") -> Arrays[VocoderClip]:
    """Arrays for the vocoder, with samples decoded from the recordings; see `load_timing_arrays`."""
    clips = load_clips(data)
    samples = dict(load_samples(data, mel, {clip.recording_id for clip in clips}))
    return vocoder_arrays(clips, dict(read_mels(data)), samples, mel, data_note)


def load_baseline_arrays(data: Path, mel: MelConfig, data_note: str = "") -> Arrays[BaselineClip]:
    """Arrays for the baseline; see `load_timing_arrays`."""
    return baseline_arrays(load_synthesis_arrays(data, mel, data_note), load_vocoder_arrays(data, mel, data_note))


def load_samples(data: Path, mel: MelConfig, recording_ids: Collection[str]) -> Iterator[tuple[str, Float32Array]]:
    """(recording_id, samples [L]) of some recordings, each at full level, one in memory at a time."""
    for recording in read_recordings(data):
        if recording.recording_id in recording_ids:
            slice_sec = (recording.start_sec, recording.end_sec)
            yield (
                recording.recording_id,
                at_full_level(read_audio(recording.audio_path, mel.sample_rate_hz, *slice_sec)),
            )


def load_arrays(data: Path, config: Config, settings: ModelConfig, data_note: str) -> Arrays[Any]:
    """What one model of a preset is trained on; see `load_timing_arrays`."""
    mel = config.mel
    if isinstance(settings, TimingConfig):
        return load_timing_arrays(data, mel, config.split, data_note)
    if isinstance(settings, SynthesisConfig):
        return load_synthesis_arrays(
            data, mel, data_note, settings.level, settings.margin_frame, settings.transpositions
        )
    if isinstance(settings, BaselineConfig):
        return load_baseline_arrays(data, mel, data_note)
    return load_vocoder_arrays(data, mel, data_note)
