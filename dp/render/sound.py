"""From performed notes to a log-mel: the synthesis model over a whole piece, in windows that do not show."""

import numpy as np
import torch
from torch import Tensor

from dp.data.batches import synthesis_inputs
from dp.data.clips import SoundingNotes, sounding_notes
from dp.data.tempo_map import TempoMap
from dp.models.checkpoint import Checkpoint
from dp.models.envelope import TAIL_FRAME
from dp.models.synthesis import SynthesisModel
from dp.types import PerformedNotes
from dp.units import CLIP_SEC, frame_to_sec, sec_to_frame

OVERLAP_SEC = 1.0  # of neighbouring windows of a model that hears whole clips; they fade into one another
WINDOWS_AT_ONCE = 8  # of those, in one batch: bounds the memory of a long piece
TAIL_SEC = 1.0  # after the last note, for its reverberation
CHUNK_FRAME = 2048  # of a model that hears what is near: made at once, with as much around it as can matter


@torch.no_grad()
def synthesize(
    performed: PerformedNotes, tempo_map: TempoMap, synthesis: Checkpoint[SynthesisModel], performer: str | None
) -> Tensor:
    """Log-mel [T, M] of performed notes, TAIL_SEC longer than they are."""
    if synthesis.model.dims.attention == "local":
        return _in_chunks(performed, tempo_map, synthesis, performer)
    return _in_windows(performed, tempo_map, synthesis, performer)


def _in_chunks(
    performed: PerformedNotes, tempo_map: TempoMap, synthesis: Checkpoint[SynthesisModel], performer: str | None
) -> Tensor:
    """The same as all at once: each chunk is made with all the notes and frames around it that it can hear."""
    model, rate_hz = synthesis.model, synthesis.mel.frame_rate_hz
    end_sec = float(performed.offset_sec.max())
    frame_count = int(sec_to_frame(end_sec + TAIL_SEC, rate_hz))
    tempo_qpm = tempo_map.mean_tempo_qpm(0.0, end_sec)
    whole = sounding_notes(performed, 0, frame_count, tempo_qpm, rate_hz)
    ends = whole.onset_frame + whole.duration_frame + TAIL_FRAME
    made = []
    for start in range(0, frame_count, CHUNK_FRAME):
        end = min(start + CHUNK_FRAME, frame_count)
        first, last = max(start - model.reach_frame, 0), min(end + model.reach_frame, frame_count)
        heard = np.flatnonzero((whole.onset_frame < last) & (ends > first))
        near = _around(heard, len(ends), model.reach_note)
        part = SoundingNotes(
            pitch=whole.pitch[near],
            velocity=whole.velocity[near],
            onset_frame=whole.onset_frame[near] - first,
            duration_frame=whole.duration_frame[near],
            tempo_qpm=tempo_qpm,
        )
        inputs = synthesis_inputs([part], [synthesis.performer_index(performer)], [last - first])
        made.append(model(**inputs)[0, start - first : end - first])
    return torch.cat(made)


def _around(chosen: np.ndarray, count: int, reach: int) -> slice:
    """The chosen places of a line of `count`, those between them, and `reach` more to either side."""
    if len(chosen) == 0:
        return slice(0, 0)
    return slice(max(int(chosen[0]) - reach, 0), min(int(chosen[-1]) + reach + 1, count))


def _in_windows(
    performed: PerformedNotes, tempo_map: TempoMap, synthesis: Checkpoint[SynthesisModel], performer: str | None
) -> Tensor:
    """In windows of a clip's length, as in training; where neighbours overlap, one fades into the other."""
    rate_hz = synthesis.mel.frame_rate_hz
    frame_count = int(sec_to_frame(float(performed.offset_sec.max()) + TAIL_SEC, rate_hz))
    window, overlap = (int(sec_to_frame(sec, rate_hz)) for sec in (CLIP_SEC, OVERLAP_SEC))
    starts = list(range(0, max(frame_count - overlap, 1), window - overlap))
    total = torch.zeros(frame_count, synthesis.mel.band_count)
    weights = torch.zeros(frame_count, 1)
    for first in range(0, len(starts), WINDOWS_AT_ONCE):
        spans = [(start, min(start + window, frame_count)) for start in starts[first : first + WINDOWS_AT_ONCE]]
        tempos = [tempo_map.mean_tempo_qpm(*frame_to_sec(span, rate_hz).tolist()) for span in spans]
        sounding = [sounding_notes(performed, *span, tempo, rate_hz) for span, tempo in zip(spans, tempos, strict=True)]
        lengths = [end - start for start, end in spans]
        inputs = synthesis_inputs(sounding, [synthesis.performer_index(performer)] * len(spans), lengths)
        for (start, end), log_mel in zip(spans, synthesis.model(**inputs), strict=True):
            fade = _fade(end - start, overlap, start > 0, end < frame_count)
            total[start:end] += fade * log_mel[: end - start]
            weights[start:end] += fade
    return total / weights


def _fade(length: int, overlap: int, fades_in: bool, fades_out: bool) -> Tensor:
    """Weights [length, 1] of a window that rises and falls over its overlaps with its neighbours."""
    rise = (torch.arange(overlap) + 1) / (overlap + 1)
    fade = torch.ones(length)
    if fades_in:
        fade[:overlap] = rise
    if fades_out:
        fade[-overlap:] = rise.flip(0)
    return fade[:, None]
