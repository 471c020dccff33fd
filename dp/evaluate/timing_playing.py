"""Plays pieces and clips with a timing model, for validation and evaluation."""

import numpy as np
import torch

from dp.data.arrays import TimingClip
from dp.data.batches import make_timing_inputs
from dp.data.piece_batches import make_piece_inputs
from dp.data.score_context import ScoreContext, compute_played_times_sec
from dp.models.frame_timing import FrameTiming
from dp.models.score_timing import ScoreTiming
from dp.units import FloatArray, sec_to_frame_fraction

Times = tuple[FloatArray, FloatArray]  # onset and duration


@torch.no_grad()
def play_piece_sec(network: ScoreTiming, context: ScoreContext, performer_index: int) -> Times:
    """Return onset and duration [N] of all notes of a score, in seconds, as our model plays it, in inference mode."""
    inputs = {
        name: value.to(_get_device(network)) for name, value in make_piece_inputs(context, performer_index).items()
    }
    log_stretch, spread_sec, log_articulation = (said[0].cpu().numpy() for said in network(**inputs))
    return compute_played_times_sec(context, log_stretch, spread_sec, log_articulation)


@torch.no_grad()
def play_clip_frame(network: FrameTiming, clip: TimingClip, performer_index: int) -> Times:
    """Return onset and duration [N] of a clip's notes, in frames from its start, as the publication's plays it."""
    inputs = {
        name: value.to(_get_device(network))
        for name, value in make_timing_inputs([clip.written], [performer_index]).items()
    }
    onset_frame, duration_frame = (said[0].cpu().double().numpy() for said in network(**inputs))
    return onset_frame, duration_frame


def extract_clip_frame(clip: TimingClip, played_sec: Times, rate_hz: float) -> Times:
    """Return onset and duration [N] of a clip's notes, in frames, out of those of the whole piece in seconds."""
    onset_sec, duration_sec = (times[clip.written.note_id] for times in played_sec)
    return sec_to_frame_fraction(onset_sec, rate_hz), sec_to_frame_fraction(duration_sec, rate_hz)


def find_starting_notes(clip: TimingClip) -> np.ndarray:
    """Return the indices [K], in order, of the notes that start in a clip, grace notes apart: the notes to measure."""
    length_frame = clip.clip.end_frame - clip.clip.start_frame
    inside = (clip.onset_frame >= 0) & (clip.onset_frame < length_frame)
    chosen = np.flatnonzero(inside & ~clip.piece.context.is_grace[clip.written.note_id])
    return chosen[np.argsort(clip.piece.context.event_of_note[clip.written.note_id[chosen]], kind="stable")]


def match_first_onset(clip: TimingClip, onset_frame: FloatArray, chosen: np.ndarray) -> FloatArray:
    """Return onsets [K] of the chosen notes, moved so that the first event's mean onset is the true one."""
    event = clip.piece.context.event_of_note[clip.written.note_id[chosen]]
    first = chosen[event == event[0]]
    return np.asarray(onset_frame[chosen] + np.mean(clip.onset_frame[first] - onset_frame[first]))


def compute_onset_errors_frame(clip: TimingClip, onset_frame: FloatArray, chosen: np.ndarray) -> FloatArray:
    """Compute by how many frames each of the chosen notes [K] is late, the first event's onset being matched."""
    return match_first_onset(clip, onset_frame, chosen) - clip.onset_frame[chosen]


def _get_device(network: torch.nn.Module) -> torch.device:
    """Return the device of a network."""
    return next(network.parameters()).device
