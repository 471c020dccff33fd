"""The synthesis model makes the log-mel of a whole piece from performed notes, in pieces whose borders do not show."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from dp.data.batches import make_synthesis_inputs
from dp.data.tempo_map import TempoMap
from dp.models.checkpoint import Checkpoint
from dp.models.envelope import TAIL_FRAME
from dp.models.synthesis import SynthesisModel
from dp.models.texture import draw_texture_noise
from dp.render.notes import NoteWindow
from dp.types import PerformedNotes
from dp.units import CLIP_SEC, frame_to_sec, sec_to_frame

OVERLAP_SEC = 1.0  # of neighbouring windows of a model that hears whole clips; they fade into one another
WINDOWS_AT_ONCE = 8  # of those, in one batch: bounds the memory of a long piece
TAIL_SEC = 1.0  # after the last note, for its reverberation
FIRST_CHUNK_FRAME = 64  # of a model that hears what is near: little at first, so that the first sound comes soon,
CHUNK_GROWTH = 8  # then so many times as much each time,
CHUNK_FRAME = 2048  # up to this, always with as much around it as can matter


@dataclass(frozen=True)
class Texture:
    """The noise around what a synthesis model predicts; see `SynthesisModel.describe`."""

    amount: float = 0.0  # factor; 1 lets log-mels move as much as real ones
    seed: int = 1


PLAIN = Texture()


def synthesize(
    performed: PerformedNotes,
    tempo_map: TempoMap,
    synthesis: Checkpoint[SynthesisModel],
    performer: str | None,
    texture: Texture = PLAIN,
) -> Tensor:
    """Synthesize the log-mel [T, M] of performed notes, TAIL_SEC longer than the notes."""
    return torch.cat(list(log_mel_pieces(performed, tempo_map, synthesis, performer, texture)))


def log_mel_pieces(
    performed: PerformedNotes,
    tempo_map: TempoMap,
    synthesis: Checkpoint[SynthesisModel],
    performer: str | None,
    texture: Texture,
) -> Iterator[Tensor]:
    """Make the log-mel of `synthesize` in pieces [T, M] that follow each other; the first is short."""
    if synthesis.model.dims.attention == "local":
        return _synthesize_chunks(performed, tempo_map, synthesis, performer, texture)
    return _synthesize_windows(performed, tempo_map, synthesis, performer, texture)


def _predict_log_mels(
    model: SynthesisModel, inputs: dict[str, Tensor], first_frames: Sequence[int], texture: Texture
) -> Iterator[Tensor]:
    """Predict the log-mel of each clip of a batch; the clips begin at `first_frames` of the piece."""
    if texture.amount == 0.0 or not model.dims.texture:
        yield from model(**inputs)
        return
    for first, log_mel, spread in zip(first_frames, *model.describe(**inputs), strict=True):
        yield log_mel + texture.amount * spread * draw_texture_noise(texture.seed, first, *log_mel.shape)


@torch.no_grad()
def _synthesize_chunks(
    performed: PerformedNotes,
    tempo_map: TempoMap,
    synthesis: Checkpoint[SynthesisModel],
    performer: str | None,
    texture: Texture,
) -> Iterator[Tensor]:
    """Synthesize chunk after chunk, each with all notes and frames that it depends on, as if all were made at once."""
    model, rate_hz = synthesis.model, synthesis.mel.frame_rate_hz
    notes = NoteWindow(performed, rate_hz, TAIL_FRAME)
    frame_count = _count_frames(performed, rate_hz)
    tempo_qpm = tempo_map.compute_mean_tempo_qpm(0.0, float(performed.offset_sec.max()))
    start, chunk = 0, min(FIRST_CHUNK_FRAME, CHUNK_FRAME)
    while start < frame_count:
        end = min(start + chunk, frame_count)
        first, last = max(start - model.reach_frame, 0), min(end + model.reach_frame, frame_count)
        near = notes.take_notes(notes.find_sounding(first, last, model.reach_note), first, tempo_qpm)
        inputs = make_synthesis_inputs([near], [synthesis.find_performer_index(performer)], [last - first])
        (made,) = _predict_log_mels(model, inputs, [first], texture)
        yield made[start - first : end - first]
        start, chunk = end, min(CHUNK_GROWTH * chunk, CHUNK_FRAME)


@torch.no_grad()
def _synthesize_windows(
    performed: PerformedNotes,
    tempo_map: TempoMap,
    synthesis: Checkpoint[SynthesisModel],
    performer: str | None,
    texture: Texture,
) -> Iterator[Tensor]:
    """Synthesize windows of a clip's length, as in training; where neighbours overlap, one fades into the other."""
    rate_hz = synthesis.mel.frame_rate_hz
    notes = NoteWindow(performed, rate_hz)
    frame_count = _count_frames(performed, rate_hz)
    window, overlap = (int(sec_to_frame(sec, rate_hz)) for sec in (CLIP_SEC, OVERLAP_SEC))
    starts = range(0, max(frame_count - overlap, 1), window - overlap)
    rise = ((torch.arange(overlap) + 1) / (overlap + 1))[:, None]
    fading = torch.zeros(0, synthesis.mel.band_count)
    first, batch = 0, 1  # one window alone at first, so that the first sound comes soon
    while first < len(starts):
        spans = [(start, min(start + window, frame_count)) for start in starts[first : first + batch]]
        tempos = [tempo_map.compute_mean_tempo_qpm(*frame_to_sec(span, rate_hz).tolist()) for span in spans]
        near = [
            notes.take_notes(notes.find_sounding(*span), span[0], tempo)
            for span, tempo in zip(spans, tempos, strict=True)
        ]
        lengths = [end - start for start, end in spans]
        inputs = make_synthesis_inputs(near, [synthesis.find_performer_index(performer)] * len(spans), lengths)
        mels = _predict_log_mels(synthesis.model, inputs, [start for start, _ in spans], texture)
        for (_, end), length, log_mel in zip(spans, lengths, mels, strict=True):
            made = log_mel[:length]
            made = torch.cat([fading + rise[: len(fading)] * made[: len(fading)], made[len(fading) :]])
            finished = length if end == frame_count else length - overlap
            yield made[:finished]
            fading = made[finished:] * rise.flip(0)[: length - finished]
        first, batch = first + batch, WINDOWS_AT_ONCE


def _count_frames(performed: PerformedNotes, rate_hz: float) -> int:
    return int(sec_to_frame(float(performed.offset_sec.max()) + TAIL_SEC, rate_hz))
