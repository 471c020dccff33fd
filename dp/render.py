"""From a score to a waveform: timing model, synthesis model, vocoder. Each goes over a whole piece in windows."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dp.data.batches import synthesis_inputs, timing_inputs
from dp.data.clips import nominal_times_sec, notes_between, sounding_notes, written_notes
from dp.data.piece_batches import piece_inputs
from dp.data.score_context import played_times_sec, score_context
from dp.data.tempo_map import TempoMap, performed_tempo_map, written_tempo_map
from dp.errors import DataError
from dp.models.checkpoint import Checkpoint, load_checkpoint
from dp.models.frame_timing import FrameTiming
from dp.models.score_timing import ScoreTiming
from dp.models.synthesis import SynthesisModel
from dp.models.timing import TimingModel
from dp.models.vocos import VocosModel
from dp.types import PerformedNotes, Score, ScoreNotes
from dp.units import CLIP_SEC, FloatArray, frame_to_sec, sec_to_frame

TIMING_HOP_SEC = CLIP_SEC / 2  # each note is predicted in two windows, which fade into one another
OVERLAP_SEC = 1.0  # of neighbouring synthesis windows, which fade into one another
WINDOWS_AT_ONCE = 8  # in one batch: bounds the memory of a long piece
TAIL_SEC = 1.0  # after the last note, for its reverberation
MAX_PEAK = 0.99  # of the waveform; a louder one is turned down, so that no file format clips it


@dataclass(frozen=True)
class ModelSet:
    """The three models a rendering needs."""

    timing: Checkpoint[TimingModel]
    synthesis: Checkpoint[SynthesisModel]
    vocoder: Checkpoint[VocosModel]

    @property
    def performer_names(self) -> tuple[str, ...]:
        """Performers that the timing or the synthesis model knows, in alphabetical order."""
        return tuple(sorted({*self.timing.performer_names, *self.synthesis.performer_names}))


@dataclass(frozen=True)
class Rendering:
    """A rendered score, with what each model made of it."""

    samples: npt.NDArray[np.float32]  # [L]
    sample_rate_hz: int
    performed: PerformedNotes
    log_mel: npt.NDArray[np.float32]  # [T, M]; L = T * hop


def load_models(folder: Path) -> ModelSet:
    """Read the models under folder/timing, folder/synthesis and folder/vocoder.

    Raises:
        DataError: one is missing or damaged, or they were trained on different log-mels.
    """
    synthesis = load_checkpoint(folder / SynthesisModel.kind, SynthesisModel)
    return ModelSet(
        timing=load_checkpoint(folder / TimingModel.kind, TimingModel, synthesis.mel),
        synthesis=synthesis,
        vocoder=load_checkpoint(folder / VocosModel.kind, VocosModel, synthesis.mel),
    )


def render(score: Score, models: ModelSet, performer: str | None = None, tempo_qpm: float | None = None) -> Rendering:
    """Perform a score.

    Args:
        score: any; none of it need have been seen in training.
        models: trained on one log-mel.
        performer: in whose manner; None for none in particular.
        tempo_qpm: tempo of the beginning in quarters per minute; None takes the score's, or DEFAULT_TEMPO_QPM of
            `dp.data.tempo_map` where it has none. Later marks keep their ratio to the first.

    Raises:
        DataError: the score has no notes, the performer is unknown, or a tempo is not positive.
    """
    if len(score.notes) == 0:
        raise DataError(score.title or "score", "has no notes", "give a score with notes in it")
    if performer is not None and performer not in models.performer_names:
        known = ", ".join(models.performer_names) or "none"
        raise DataError(f"performer {performer!r}", "is unknown to the models", f"known: {known}")
    mel = models.synthesis.mel
    performed = perform(score, models.timing, performer, tempo_qpm)
    log_mel = synthesize(score.notes, performed, models.synthesis, performer)
    samples = models.vocoder.model.vocode(log_mel).numpy()
    peak = float(np.abs(samples).max())
    samples = samples * (MAX_PEAK / peak) if peak > MAX_PEAK else samples
    return Rendering(samples.astype(np.float32), mel.sample_rate_hz, performed, log_mel.numpy())


@torch.no_grad()
def perform(
    score: Score,
    timing: Checkpoint[TimingModel],
    performer: str | None,
    tempo_qpm: float | None,
    expression: float = 1.0,
) -> PerformedNotes:
    """When each note of a score sounds.

    Our model plays the piece as a whole. The publication's predicts how far each note departs from its nominal time in
    windows of a clip's length; each note takes the mean of its two windows' departures, weighted by how far inside
    each window it starts. Notes never sound before notes that stand before them in the score, and last at least one
    frame.

    Args:
        score: with notes.
        timing: a model of either design.
        performer: in whose manner; None for none in particular.
        tempo_qpm: of the beginning; None takes the score's.
        expression: factor of what departs from the score; 0 plays exactly as written, 1 as the model says.
    """
    rate_hz = timing.mel.frame_rate_hz
    tempo_map = written_tempo_map(score, tempo_qpm)
    network, index = timing.model.network, timing.performer_index(performer)
    if isinstance(network, ScoreTiming):
        context = score_context(score.notes, tempo_map)
        stretch, spread, articulation = (values[0].numpy() for values in network(**piece_inputs(context, index)))
        onset_sec, duration_sec = played_times_sec(context, stretch, spread, articulation, expression)
    else:
        onset_sec, duration_sec = nominal_times_sec(score.notes, tempo_map)
        departure_sec = expression * frame_to_sec(_departures(score, network, index, tempo_map, rate_hz), rate_hz)
        onset_sec, duration_sec = onset_sec + departure_sec[0], duration_sec + departure_sec[1]
    onset_sec = _in_order(score.notes, onset_sec)
    onset_sec = onset_sec - min(float(onset_sec.min()), 0.0)
    return PerformedNotes(
        pitch=score.notes.pitch,
        velocity=score.notes.velocity,
        onset_sec=onset_sec,
        offset_sec=onset_sec + np.maximum(duration_sec, 1.0 / rate_hz),
        confidence=np.ones(len(score.notes)),
    )


def _departures(
    score: Score, network: FrameTiming, performer_index: int, tempo_map: TempoMap, rate_hz: float
) -> npt.NDArray[np.float64]:
    """How many frames each note's onset and duration [2, N] depart from nominal."""
    notes = score.notes
    onset_sec, duration_sec = nominal_times_sec(notes, tempo_map)
    total, weights = np.zeros((2, len(notes))), np.zeros(len(notes))
    start_sec = float(onset_sec.min()) - TIMING_HOP_SEC
    while start_sec < float(onset_sec.max()):
        end_sec = start_sec + CLIP_SEC
        inside = notes_between(onset_sec, onset_sec + duration_sec, start_sec, end_sec)
        # Triangular, so that the weights of a note's two windows add up to one, and zero where it is carried over.
        weight = np.maximum(1.0 - np.abs(onset_sec[inside] - (start_sec + end_sec) / 2) / TIMING_HOP_SEC, 0.0)
        if weight.any():
            written = written_notes(notes, inside, tempo_map, start_sec, end_sec, rate_hz)
            onset_frame, duration_frame = (
                frames[0].numpy() for frames in network(**timing_inputs([written], [performer_index]))
            )
            total[0, inside] += weight * (onset_frame - written.nominal_onset_frame)
            total[1, inside] += weight * (duration_frame - written.nominal_duration_frame)
            weights[inside] += weight
        start_sec += TIMING_HOP_SEC
    return total / weights


def _in_order(notes: ScoreNotes, onset_sec: FloatArray) -> FloatArray:
    """Onsets [N] delayed where needed, so that none comes before that of an earlier note; grace notes come first."""
    order = np.lexsort((~notes.is_grace, notes.onset_quarter))
    position = np.stack([notes.onset_quarter[order], ~notes.is_grace[order]])
    starts = np.concatenate([[True], (np.diff(position) != 0).any(axis=0)])
    group = np.cumsum(starts) - 1
    latest = np.full(group[-1] + 1, -np.inf)
    np.maximum.at(latest, group, onset_sec[order])
    # The notes of a chord may be spread, but each waits for the last note of the chord before.
    before = np.concatenate([[-np.inf], np.maximum.accumulate(latest)[:-1]])
    ordered = np.empty_like(onset_sec)
    ordered[order] = np.maximum(onset_sec[order], before[group])
    return ordered


@torch.no_grad()
def synthesize(
    notes: ScoreNotes, performed: PerformedNotes, synthesis: Checkpoint[SynthesisModel], performer: str | None
) -> Tensor:
    """Log-mel [T, M] of performed notes, TAIL_SEC longer than they are.

    The model works in windows of a clip's length, as in training; where neighbours overlap, one fades into the other.
    """
    rate_hz = synthesis.mel.frame_rate_hz
    frame_count = int(sec_to_frame(float(performed.offset_sec.max()) + TAIL_SEC, rate_hz))
    window, overlap = (int(sec_to_frame(sec, rate_hz)) for sec in (CLIP_SEC, OVERLAP_SEC))
    tempo_map = performed_tempo_map(notes, performed, "the performance")
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
