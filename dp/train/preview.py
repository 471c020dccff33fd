"""What a model in training makes of a held-out clip, beside the true clip: pictures and sounds for the log."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import soxr
import torch
from torch import nn

from dp.data.arrays import BaselineClip, TimingClip, VocoderClip
from dp.data.clips import SoundingNotes, compute_clip_span_sec
from dp.data.loader import make_synthesis_batch
from dp.data.stretches import SynthesisClip
from dp.data.voices import VoiceClip
from dp.evaluate.timing_playing import (
    Times,
    extract_clip_frame,
    find_starting_notes,
    match_first_onset,
    play_clip_frame,
    play_piece_sec,
)
from dp.models.checkpoint import Checkpoint
from dp.models.frame_timing import FrameTiming
from dp.models.mel import LogMel
from dp.models.timing import TimingModel
from dp.models.voices.model import VoicesModel
from dp.models.voices.play import play_voices
from dp.train.baseline import make_baseline_inputs
from dp.types import PerformedNotes
from dp.units import frame_to_sec

Float32Array = npt.NDArray[np.float32]
CLIP_COUNT = 2  # the same ones all through a training


@dataclass(frozen=True)
class Preview:
    """One clip: either log-mels [T, M] and samples [L] by name, or notes by name; "truth" is the recording's."""

    clip_id: str
    log_mels: Mapping[str, Float32Array] = field(default_factory=dict)
    samples: Mapping[str, Float32Array] = field(default_factory=dict)
    notes: Mapping[str, PerformedNotes] = field(default_factory=dict)


@torch.no_grad()
def make_preview(model: nn.Module, item: Any, log_mel: LogMel, rate_hz: float) -> Preview:
    """Make what `model` predicts of a clip of its arrays; `log_mel` and the model are on one device."""
    device = next(model.parameters()).device
    if isinstance(item, SynthesisClip):
        batch = make_synthesis_batch([item]).to(device)
        made = model(**batch.inputs)[0].float().cpu().numpy()
        notes = convert_notes_to_sec(item.sounding, rate_hz)
        return Preview(item.clip.clip_id, {"truth": item.log_mel, "model": made}, notes={"notes": notes})
    if isinstance(item, TimingClip):
        return Preview(item.clip.clip_id, notes=_play_beside_truth(model, item, rate_hz))
    if isinstance(item, VoiceClip):
        assert isinstance(model, VoicesModel)
        return _play_voices(model, item, log_mel)
    if isinstance(item, VocoderClip):
        samples = model(torch.from_numpy(item.log_mel)[None].to(device))
    else:
        assert isinstance(item, BaselineClip)
        samples = model(**{name: value.to(device) for name, value in make_baseline_inputs(item).items()})
    truth = torch.from_numpy(item.samples)[None].to(device)
    sounds = {"truth": truth, "model": samples[:, : truth.shape[1]].float()}
    return Preview(
        item.clip.clip_id,
        {name: log_mel(sound)[0].cpu().numpy() for name, sound in sounds.items()},
        {name: sound[0].cpu().numpy() for name, sound in sounds.items()},
    )


def _play_voices(model: VoicesModel, item: VoiceClip, log_mel: LogMel) -> Preview:
    """Play the notes that begin in a clip, as nobody in particular, beside the clip."""
    notes, mel, rate_hz = item.recording.performed, log_mel.mel, model.dims.sample_rate_hz
    start_sec, end_sec = compute_clip_span_sec(item.clip, mel.frame_rate_hz)
    notes = notes.take(np.flatnonzero((notes.onset_sec >= start_sec) & (notes.onset_sec < end_sec)))
    notes = replace(notes, onset_sec=notes.onset_sec - start_sec, offset_sec=notes.offset_sec - start_sec)
    voices = Checkpoint(copy.deepcopy(model).cpu().eval(), mel, 0)
    made = np.concatenate([np.zeros(0, np.float32), *play_voices(notes, np.zeros(len(notes)), voices)])
    length = round((end_sec - start_sec) * rate_hz)
    truth = item.recording.samples[round(start_sec * rate_hz) :][:length]
    heard = {"truth": truth, "model": np.pad(made, (0, length))[:length]}
    sounds = {
        name: soxr.resample(sound, rate_hz, mel.sample_rate_hz).astype(np.float32) for name, sound in heard.items()
    }
    device = log_mel.filterbank.device
    mels = {name: log_mel(torch.from_numpy(sound)[None].to(device))[0].cpu().numpy() for name, sound in sounds.items()}
    return Preview(item.clip.clip_id, mels, sounds)


def compare_timings(
    item: TimingClip, models: Mapping[str, Checkpoint[TimingModel]], rate_hz: float
) -> dict[str, PerformedNotes]:
    """Return a clip's notes as performed, as the models play them, and at constant tempo, with one first onset."""
    context, chosen = item.piece.context, find_starting_notes(item)
    nominal_sec = (context.note_onset_sec, context.note_offset_sec - context.note_onset_sec)
    played: dict[str, Times] = {
        "performed": (item.onset_frame.astype(np.float64), item.duration_frame.astype(np.float64))
    }
    for name, checkpoint in models.items():
        index = checkpoint.find_performer_index(item.clip.performer)
        played[name] = _play_clip(checkpoint.model, item, index, rate_hz)
    played["score at constant tempo"] = extract_clip_frame(item, nominal_sec, rate_hz)
    pitch = item.written.pitch[chosen]
    return {
        name: _make_notes(
            pitch,
            match_first_onset(item, np.asarray(onset, dtype=np.float64), chosen),
            np.maximum(duration[chosen], 1.0),
            rate_hz,
        )
        for name, (onset, duration) in played.items()
    }


def convert_notes_to_sec(sounding: SoundingNotes, rate_hz: float) -> PerformedNotes:
    """Return a clip's notes in seconds from its start."""
    return _make_notes(sounding.pitch, sounding.onset_frame, sounding.duration_frame, rate_hz)


def _play_clip(model: TimingModel, item: TimingClip, performer_index: int, rate_hz: float) -> Times:
    """Return onset and duration [N] of a clip's notes in frames, as a model of either design plays them."""
    if isinstance(model.network, FrameTiming):
        return play_clip_frame(model.network, item, performer_index)
    return extract_clip_frame(item, play_piece_sec(model.network, item.piece.context, performer_index), rate_hz)


def _play_beside_truth(model: Any, item: TimingClip, rate_hz: float) -> dict[str, PerformedNotes]:
    """Return the clip's notes as performed and as the model plays them; nothing where none starts in it."""
    onset_frame, duration_frame = _play_clip(model, item, item.performer_index, rate_hz)
    chosen = find_starting_notes(item)
    if len(chosen) == 0:
        return {}
    pitch = item.written.pitch[chosen]
    played = match_first_onset(item, np.asarray(onset_frame, dtype=np.float64), chosen)
    return {
        "truth": _make_notes(pitch, item.onset_frame[chosen], item.duration_frame[chosen], rate_hz),
        "model": _make_notes(pitch, played, np.maximum(duration_frame[chosen], 1.0), rate_hz),
    }


def _make_notes(pitch: Any, onset_frame: Any, duration_frame: Any, rate_hz: float) -> PerformedNotes:
    """Make performed notes [N] in seconds from onsets and durations in frames."""
    onset_sec = frame_to_sec(onset_frame, rate_hz)
    ends_sec = onset_sec + frame_to_sec(duration_frame, rate_hz)
    return PerformedNotes(pitch, 0 * pitch, onset_sec, ends_sec, np.ones(len(pitch)))
