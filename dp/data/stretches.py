"""Clips for the synthesis model, and the stretches of recordings that more of them can be cut from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from dp.data.clips import Clip, Float32Array, SoundingNotes, compute_clip_span_sec, select_sounding_notes
from dp.data.tempo_map import TempoMap
from dp.types import PerformedNotes


@dataclass(frozen=True)
class SynthesisClip:
    """A clip for the synthesis model: notes as performed, and their log-mel."""

    clip: Clip
    performer_index: int
    sounding: SoundingNotes
    log_mel: Float32Array  # [T, M]


@dataclass(frozen=True)
class Stretch:
    """Training clips of one recording that follow each other without a gap: other clips can be cut from it.

    As it was played, or transposed: then the recording plays faster by as much as it is higher, and so do its notes.
    """

    recording_id: str
    first_clip: Clip
    performer_index: int
    performed: PerformedNotes
    tempo_map: TempoMap
    log_mel: Float32Array  # [T, M]
    start_frame: int  # where in the recording the log-mel begins
    frame_rate_hz: float
    margin_frame: int
    transposed_semitone: int = 0

    def cut(self, first: int, frame_count: int) -> SynthesisClip:
        """Return the clip of frames first to first + frame_count of the stretch."""
        start = self.start_frame + first
        name = f"{self.recording_id}{self.transposed_semitone:+d}@{start}"
        clip = replace(self.first_clip, clip_id=name, start_frame=start, end_frame=start + frame_count)
        sounding = select_clip_notes(self.performed, self.tempo_map, clip, self.frame_rate_hz, self.margin_frame)
        return SynthesisClip(clip, self.performer_index, sounding, self.log_mel[first : first + frame_count])


def select_clip_notes(
    performed: PerformedNotes, tempo_map: TempoMap, clip: Clip, rate_hz: float, margin_frame: int = 0
) -> SoundingNotes:
    """Return the notes that the synthesis model reads of a clip."""
    tempo_qpm = tempo_map.compute_mean_tempo_qpm(*compute_clip_span_sec(clip, rate_hz))
    return select_sounding_notes(performed, clip.start_frame, clip.end_frame, tempo_qpm, rate_hz, margin_frame)


def find_training_runs(clips: Sequence[SynthesisClip]) -> list[list[SynthesisClip]]:
    """Return the runs of training clips of one recording that follow each other without a gap."""
    runs: list[list[SynthesisClip]] = []
    for item in clips:
        if not item.clip.is_for_training:
            continue
        last = runs[-1][-1].clip if runs else None
        if last and (last.recording_id, last.end_frame) == (item.clip.recording_id, item.clip.start_frame):
            runs[-1].append(item)
        else:
            runs.append([item])
    return runs


def make_stretch(
    run: Sequence[SynthesisClip], performed: PerformedNotes, tempo_map: TempoMap, rate_hz: float, margin_frame: int
) -> Stretch:
    """Join a run of clips to one stretch."""
    first = run[0]
    log_mel = np.concatenate([item.log_mel for item in run])
    start_frame = first.clip.start_frame
    return Stretch(
        first.clip.recording_id,
        first.clip,
        first.performer_index,
        performed,
        tempo_map,
        log_mel,
        start_frame,
        rate_hz,
        margin_frame,
    )


def transpose_stretch(stretch: Stretch, log_mel: Float32Array, semitone: int) -> Stretch:
    """Return a stretch of the same recording played faster, and so higher.

    Args:
        stretch: as it was played.
        log_mel: [T, M] of the whole recording, at the level of the stretch, played at 2^(semitone / 12) of its speed.
        semitone: how much higher it sounds.
    """
    speed = 2.0 ** (semitone / 12.0)
    start, end = (
        int(np.ceil(frame / speed)) for frame in (stretch.start_frame, stretch.start_frame + len(stretch.log_mel))
    )
    notes = stretch.performed
    faster = replace(
        notes,
        pitch=np.clip(notes.pitch + semitone, 0, 127),
        onset_sec=notes.onset_sec / speed,
        offset_sec=notes.offset_sec / speed,
    )
    tempo_map = stretch.tempo_map
    outer = (tempo_map.outer_tempo_qpm[0] * speed, tempo_map.outer_tempo_qpm[1] * speed)
    return replace(
        stretch,
        performed=faster,
        tempo_map=replace(tempo_map, time_sec=tempo_map.time_sec / speed, outer_tempo_qpm=outer),
        log_mel=log_mel[start : min(end, len(log_mel))],
        start_frame=start,
        transposed_semitone=semitone,
    )
