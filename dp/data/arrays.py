"""The arrays that the training of each model needs, built from notes, log-mels, samples and clips."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np

from dp.config import MelConfig
from dp.data.clips import (
    Clip,
    Float32Array,
    SoundingNotes,
    WrittenNotes,
    compute_clip_span_sec,
    find_notes_between,
    make_constant_tempo_map,
    select_written_notes,
)
from dp.data.movements import assign_movements, digest_surroundings
from dp.data.score_context import ScoreContext
from dp.data.stretches import Stretch, SynthesisClip, find_training_runs, make_stretch, select_clip_notes
from dp.data.tempo_map import TempoMap, build_performed_tempo_map
from dp.data.timing_pieces import Performance as Performance
from dp.data.timing_pieces import TimingPiece, build_timing_piece
from dp.data.voices import VoiceClip, VoiceRecording
from dp.errors import DataError
from dp.types import PerformedNotes, PitchCurve, Source
from dp.units import sec_to_frame_fraction


@dataclass(frozen=True)
class TimingClip:
    """A clip for the timing model: notes as written, and as performed."""

    clip: Clip
    performer_index: int
    piece: TimingPiece  # the whole performance it is cut from, the same object for all of its clips
    written: WrittenNotes
    onset_frame: Float32Array  # [N] as performed, from the clip's start, unrounded
    duration_frame: Float32Array  # [N]


@dataclass(frozen=True)
class VocoderClip:
    """A clip for the vocoder."""

    clip: Clip
    log_mel: Float32Array  # [T, M]
    samples: Float32Array  # [T * hop]


@dataclass(frozen=True)
class BaselineClip:
    """A clip for the baseline: notes as performed, and their waveform."""

    clip: Clip
    performer_index: int
    sounding: SoundingNotes
    samples: Float32Array  # [T * hop]


class HasClip(Protocol):
    """Anything that belongs to a clip."""

    @property
    def clip(self) -> Clip:
        """The clip."""


C = TypeVar("C", bound=HasClip, covariant=True)


@dataclass(frozen=True)
class Arrays(Generic[C]):
    """The clips of one training, both splits in it."""

    clips: tuple[C, ...]
    mel: MelConfig
    performer_names: tuple[str, ...] = ()  # index i + 1 is name i; 0 is unknown
    data_note: str = ""  # where the data come from, for the checkpoint
    stretches: tuple[Stretch, ...] = ()  # of the training clips, for the synthesis model

    @property
    def trained_on(self) -> tuple[Source, ...]:
        """The recordings that the training clips are cut from, each once."""
        clips = [item.clip for item in self.clips if item.clip.is_for_training]
        return tuple(sorted({Source(clip.recording_id, clip.performer, clip.licence) for clip in clips}))

    def select_training(self) -> list[C]:
        """Return the clips that neither split holds out.

        Raises:
            DataError: there are none.
        """
        chosen = [item for item in self.clips if item.clip.is_for_training]
        if not chosen:
            seen = f"has {len(self.clips)} clips, none of them left for training"
            raise DataError("dataset", seen, "add recordings to the corpus, or hold fewer out")
        return chosen

    def select_held_out(self, split: str) -> list[C]:
        """Return the validation clips of split `clip` or `recording`; there may be none.

        Of a recording that is held out whole nothing is learned, so none of its clips belongs to `clip`.
        """
        if split == "recording":
            return [item for item in self.clips if item.clip.valid_by_recording]
        return [item for item in self.clips if item.clip.valid_by_clip and not item.clip.valid_by_recording]


def list_performer_names(clips: Iterable[Clip]) -> tuple[str, ...]:
    """Return the performers that a model can learn, those of the training clips, in alphabetical order."""
    return tuple(sorted({clip.performer for clip in clips if clip.is_for_training}))


def build_timing_arrays(
    performances: Sequence[Performance], clips: Sequence[Clip], mel: MelConfig, data_note: str = ""
) -> Arrays[TimingClip]:
    """Build the arrays of the timing model; clips in which no note sounds are left out.

    A clip's nominal times are those of the score at the performance's mean tempo; they agree with the performance where
    the clip starts.
    """
    # Movements, and the whole performances that clips are cut from.
    rate_hz = mel.frame_rate_hz
    names = list_performer_names(clips)
    by_id = {performance.recording_id: performance for performance in performances}
    maps = _build_tempo_maps(performances)
    places = {item.recording_id: digest_surroundings(item.notes) for item in performances}
    movement_of = assign_movements(places)
    pieces = {}
    for recording_id in dict.fromkeys(clip.recording_id for clip in clips):
        own = [clip for clip in clips if clip.recording_id == recording_id]
        index = _find_performer_index(names, own[0].performer)
        pieces[recording_id] = build_timing_piece(
            by_id[recording_id], own, index, movement_of[recording_id], places[recording_id], rate_hz
        )
    # The notes [N] of each clip, as written at the mean tempo and as performed.
    made = []
    for clip in clips:
        performance, piece = by_id[clip.recording_id], pieces[clip.recording_id]
        performed = performance.performed
        start_sec, end_sec = compute_clip_span_sec(clip, rate_hz)
        inside = find_notes_between(performed.onset_sec, performed.offset_sec, start_sec, end_sec)
        if len(inside) == 0:
            continue
        steady = make_constant_tempo_map(
            start_sec, float(maps[clip.recording_id].find_quarter(start_sec)), piece.tempo_qpm
        )
        onset_sec, offset_sec = performed.onset_sec[inside], performed.offset_sec[inside]
        made.append(
            TimingClip(
                clip=clip,
                performer_index=_find_performer_index(names, clip.performer),
                piece=piece,
                written=select_written_notes(performance.notes, inside, steady, start_sec, end_sec, rate_hz),
                onset_frame=sec_to_frame_fraction(onset_sec - start_sec, rate_hz).astype(np.float32),
                duration_frame=sec_to_frame_fraction(offset_sec - onset_sec, rate_hz).astype(np.float32),
            )
        )
    return Arrays(tuple(made), mel, names, data_note)


def build_synthesis_arrays(
    performances: Sequence[Performance],
    clips: Sequence[Clip],
    log_mels: Mapping[str, Float32Array],
    mel: MelConfig,
    data_note: str = "",
    level: str = "recording",
    margin_frame: int = 0,
) -> Arrays[SynthesisClip]:
    """Build the arrays of the synthesis model.

    Args:
        performances: of all recordings of the clips.
        clips: in time, recording by recording.
        log_mels: each clip's [T, M] by clip id, its recording at full level.
        mel: the log-mel.
        data_note: which data these are.
        level: "recording" keeps its recordings' levels; "clip" brings each clip to full level, as the publication does.
        margin_frame: notes up to so far outside a clip belong to its arrays, too.

    Raises:
        DataError: a clip's log-mel is missing or has another shape than the clip.
    """
    names = list_performer_names(clips)
    by_id = {performance.recording_id: performance for performance in performances}
    maps = _build_tempo_maps(performances)
    made = []
    for clip in clips:
        performed, tempo_map = by_id[clip.recording_id].performed, maps[clip.recording_id]
        log_mel = _get_clip_mel(clip, log_mels, mel)
        if level == "clip":
            log_mel = np.maximum(log_mel + np.float32(clip.log_gain), np.float32(np.log(mel.floor)))
        made.append(
            SynthesisClip(
                clip=clip,
                performer_index=_find_performer_index(names, clip.performer),
                sounding=select_clip_notes(performed, tempo_map, clip, mel.frame_rate_hz, margin_frame),
                log_mel=log_mel,
            )
        )
    stretches = []
    for run in find_training_runs(made):
        recording_id = run[0].clip.recording_id
        performed = by_id[recording_id].performed
        stretches.append(make_stretch(run, performed, maps[recording_id], mel.frame_rate_hz, margin_frame))
    return Arrays(tuple(made), mel, names, data_note, tuple(stretches))


def build_vocoder_arrays(
    clips: Sequence[Clip],
    log_mels: Mapping[str, Float32Array],
    samples: Mapping[str, Float32Array],
    mel: MelConfig,
    data_note: str = "",
) -> Arrays[VocoderClip]:
    """Build the arrays of the vocoder; `samples` has each recording's slice [L], at the level of its log-mel.

    Raises:
        DataError: a log-mel is missing or misshapen, or a recording ends before its clips do.
    """
    made = []
    for clip in clips:
        first, end = clip.start_frame * mel.hop_sample, clip.end_frame * mel.hop_sample
        piece = np.asarray(samples[clip.recording_id][first:end], dtype=np.float32)
        if len(piece) != end - first:
            have = len(samples[clip.recording_id])
            raise DataError(clip.clip_id, f"ends at sample {end}, its recording at {have}", "run `dp rebuild`")
        made.append(VocoderClip(clip, _get_clip_mel(clip, log_mels, mel), piece))
    return Arrays(tuple(made), mel, (), data_note)


def build_baseline_arrays(synthesis: Arrays[SynthesisClip], vocoder: Arrays[VocoderClip]) -> Arrays[BaselineClip]:
    """Build the arrays of the baseline: the synthesis model's notes with the vocoder's samples.

    Raises:
        DataError: a clip has no samples.
    """
    samples = {item.clip.clip_id: item.samples for item in vocoder.clips}
    made = []
    for item in synthesis.clips:
        if item.clip.clip_id not in samples:
            raise DataError(item.clip.clip_id, "has no samples", "prepare the arrays of both models from one dataset")
        made.append(BaselineClip(item.clip, item.performer_index, item.sounding, samples[item.clip.clip_id]))
    return Arrays(tuple(made), synthesis.mel, synthesis.performer_names, synthesis.data_note)


def _build_tempo_maps(performances: Sequence[Performance]) -> dict[str, TempoMap]:
    """Return the tempo map of each performance by its recording_id."""
    return {
        item.recording_id: build_performed_tempo_map(item.notes, item.performed, item.recording_id)
        for item in performances
    }


def _find_performer_index(names: Sequence[str], performer: str) -> int:
    """Return a performer's index, 0 for one that is not among the names."""
    return names.index(performer) + 1 if performer in names else 0


def _get_clip_mel(clip: Clip, log_mels: Mapping[str, Float32Array], mel: MelConfig) -> Float32Array:
    """Return a clip's log-mel [T, M], checked."""
    shape = (clip.end_frame - clip.start_frame, mel.band_count)
    found = log_mels.get(clip.clip_id)
    if found is None or found.shape != shape:
        seen = "missing" if found is None else f"of shape {found.shape}, expected {shape}"
        raise DataError(clip.clip_id, f"its log-mel is {seen}", "run `dp rebuild`")
    return np.asarray(found, dtype=np.float32)


PREPARED_TYPES = (
    Arrays,
    BaselineClip,
    Clip,
    MelConfig,
    PerformedNotes,
    PitchCurve,
    ScoreContext,
    SoundingNotes,
    Stretch,
    SynthesisClip,
    TempoMap,
    TimingClip,
    TimingPiece,
    VocoderClip,
    VoiceClip,
    VoiceRecording,
    WrittenNotes,
)
