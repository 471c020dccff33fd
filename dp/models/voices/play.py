"""Voices play performed notes, block by block: the sound is what all of it made at once would be.

Every note's pitch curve and phase are known from its beginning, so a block can begin anywhere; noise is drawn by the
number of its samples; what rings on in the room is carried over.
"""

import copy
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from scipy.fft import irfft, next_fast_len, rfft
from torch import nn

from dp.errors import DataError
from dp.models.checkpoint import Checkpoint, check_performers
from dp.models.voices.inputs import VoiceNotes, Window, make_voice_inputs
from dp.models.voices.model import NOISE_HOP_SAMPLE, NOISE_WINDOW_SAMPLE, VoicesModel
from dp.models.voices.notes import OPEN_STRINGS, choose_points, compute_stiffness, make_note_features
from dp.models.voices.oscillators import make_segments
from dp.models.voices.pitch import STYLE_COUNT, bend, draw_styles
from dp.types import PerformedNotes
from dp.units import A4_HZ, FloatArray, pitch_to_hz

FIRST_BLOCK_HOP, BLOCK_HOP = 64, 512  # a short block first, so that the first sound comes soon
_MARGIN_SAMPLE = NOISE_WINDOW_SAMPLE  # to either side of a block, for the noise of its borders
_NOISE_CHUNK_SAMPLE = 1 << 14  # of white noise with a number of its own
STUDIO = "studio"  # no recording's room: a short, even reverberation, and the least noise
STUDIO_LATE_SHARE = 0.5
RARE_COUNT = 3  # notes of a pitch below which the model hardly heard it
_INAUDIBLE = math.log(3e-6)  # of full scale, 110 dB below; so quiet partials are left out
_DECIBEL = math.log(10.0) / 20.0
Samples = npt.NDArray[np.float32]


@dataclass(frozen=True)
class VoiceOptions:
    """How voices play."""

    performers: tuple[tuple[str, float], ...] = ()  # and their weights; empty = nobody in particular
    room: str | None = None  # a recording whose room it is, or "studio"; None = the performer's
    seed: int = 1
    expression: float = 1.0  # of intonation, glides and vibrato; 0 plays the written pitch
    tuning_hz: float = A4_HZ


def list_rooms(checkpoint: Checkpoint[VoicesModel]) -> tuple[str, ...]:
    """List the rooms that voices can sound in."""
    return (*checkpoint.train.get("rooms", ()), STUDIO)


def find_rare_pitches(checkpoint: Checkpoint[VoicesModel], notes: PerformedNotes) -> tuple[int, ...]:
    """Find the pitches of notes that the model heard less than RARE_COUNT times, ascending."""
    heard = checkpoint.model.heard.numpy()
    return tuple(int(pitch) for pitch in np.unique(notes.pitch) if heard[pitch] < RARE_COUNT)


def play_voices(
    notes: PerformedNotes,
    level_db: FloatArray,
    checkpoint: Checkpoint[VoicesModel],
    options: VoiceOptions | None = None,
    cent: Sequence[FloatArray] | None = None,
) -> Iterator[Samples]:
    """Play notes.

    Args:
        notes: N as performed, from the start of the sound; their order does not matter.
        level_db: [N] how much louder than usual each is.
        checkpoint: voices.
        options: how.
        cent: pitch curves of the notes, at their points (`choose_points`), instead of drawn ones.

    Yields:
        Blocks of samples at the model's rate, until nothing sounds any more.

    Raises:
        DataError: a performer or a room is unknown (the error lists those that are known).
    """
    options = options or VoiceOptions()
    if len(notes) == 0:
        return iter(())
    order = np.lexsort((notes.pitch, notes.onset_sec))
    notes, level_db = notes.take(order), np.asarray(level_db, dtype=np.float64)[order]
    shares = _find_performers(checkpoint, options.performers)
    model, performer = _mix_performers(checkpoint.model, shares)
    room, response = _choose_room(checkpoint, options, shares)
    piece = _prepare(notes, model, performer, shares, options, None if cent is None else [cent[i] for i in order])
    return _add_room(_sound_dry(piece, level_db, model, performer, room, options.seed), response)


def _prepare(
    notes: PerformedNotes,
    model: VoicesModel,
    performer: int,
    shares: Sequence[tuple[int, float]],
    options: VoiceOptions,
    cent: Sequence[FloatArray] | None,
) -> VoiceNotes:
    """Give notes their points, pitch and phase."""
    lag_sec = float(model.onset_lag_sec[performer])
    notes = replace(notes, onset_sec=notes.onset_sec + lag_sec, offset_sec=notes.offset_sec + lag_sec)
    kind, rate_hz = model.dims.kind, model.dims.sample_rate_hz
    points = choose_points(notes, kind)
    note_of_point = np.repeat(np.arange(len(notes)), points.count_by_note())
    rng = np.random.default_rng(options.seed)
    start_phase = rng.uniform(0, 2 * np.pi, len(notes))
    if cent is None:
        moved = _draw_pitch(notes, model, shares, options, points.time_sec, note_of_point, rng)
    else:
        moved = np.concatenate(cent)
    hz = pitch_to_hz(notes.pitch[note_of_point], moved / 100.0) * options.tuning_hz / A4_HZ
    stiffness = compute_stiffness(notes.pitch) if kind == "struck" else np.zeros(len(notes))
    sample = np.rint(points.time_sec * rate_hz).astype(np.int64)
    segments = make_segments(points.first, sample, hz, start_phase, stiffness, np.zeros(len(notes), np.int64), rate_hz)
    phase = np.zeros(len(hz))
    phase[segments.point] = segments.phase
    return VoiceNotes(notes, make_note_features(notes), points, hz, stiffness, phase)


def _draw_pitch(
    notes: PerformedNotes,
    model: VoicesModel,
    shares: Sequence[tuple[int, float]],
    options: VoiceOptions,
    time_sec: FloatArray,
    note_of_point: npt.NDArray[np.int64],
    rng: np.random.Generator,
) -> FloatArray:
    """Draw how the pitch of each note moves, [P] cents; each note as one of the performers plays."""
    table = model.style.numpy()
    duration_sec = notes.offset_sec - notes.onset_sec
    styles = np.zeros((len(notes), STYLE_COUNT), np.float32)
    whose = rng.choice([index for index, _ in shares], size=len(notes), p=[share for _, share in shares])
    is_open = np.isin(np.arange(128), OPEN_STRINGS)
    for index in np.unique(whose):
        own = whose == index
        styles[own] = draw_styles(table, notes.pitch[own], duration_sec[own], int(index), rng, is_open)
    since_sec = time_sec - notes.onset_sec[note_of_point]
    phase = rng.uniform(0, 2 * np.pi, len(notes))
    return bend(styles, note_of_point, since_sec, duration_sec, phase, options.expression)


def _find_performers(
    checkpoint: Checkpoint[VoicesModel], performers: Sequence[tuple[str, float]]
) -> tuple[tuple[int, float], ...]:
    """Find the performers' indices and their shares, which add up to 1."""
    check_performers(performers, checkpoint.performer_names, "the voices")
    total = sum(weight for _, weight in performers)
    return tuple((checkpoint.find_performer_index(name), weight / total) for name, weight in performers) or ((0, 1.0),)


def _mix_performers(model: VoicesModel, shares: Sequence[tuple[int, float]]) -> tuple[VoicesModel, int]:
    """Return the model and the index of the performer to ask it for; a mix becomes one performer more."""
    if len(shares) == 1:
        return model, shares[0][0]
    mixed = copy.deepcopy(model)
    weight = torch.zeros(len(model.performer), 1)
    for index, share in shares:
        weight[index] += share
    mixed.performer = nn.Parameter(torch.cat([model.performer, (weight * model.performer).sum(0, keepdim=True)]))
    mixed.onset_lag_sec = torch.cat([model.onset_lag_sec, (weight[:, 0] * model.onset_lag_sec).sum()[None]])
    return mixed, len(model.performer)


@torch.no_grad()
def _choose_room(
    checkpoint: Checkpoint[VoicesModel], options: VoiceOptions, shares: Sequence[tuple[int, float]]
) -> tuple[int, Samples]:
    """Choose the room that is asked for, or the performer's: whose background noise it has, its response [I]."""
    model, rooms = checkpoint.model, list(checkpoint.train.get("rooms", ()))
    responses = model.make_rooms()
    if options.room == STUDIO:
        late = responses.mean(dim=0) * STUDIO_LATE_SHARE
        late[: model.early.shape[1]] = 0.0
        late[0] = 1.0
        return int(model.background.mean(dim=1).argmin()), late.numpy()
    if options.room is not None:
        if options.room not in rooms:
            known = ", ".join(list_rooms(checkpoint))
            raise DataError(f"room {options.room!r}", "is unknown to the voices", f"known: {known}")
        room = rooms.index(options.room)
    else:
        names = {checkpoint.performer_names[index - 1] for index, _ in shares if index}
        own = [rooms.index(item.recording_id) for item in checkpoint.trained_on if item.performer in names]
        room = min(own, default=0)
    return room, responses[room].numpy()


@torch.no_grad()
def _sound_dry(
    piece: VoiceNotes, level_db: FloatArray, model: VoicesModel, performer: int, room: int, seed: int
) -> Iterator[Samples]:
    """Make the dry sound of a piece block by block."""
    rate_hz = model.dims.sample_rate_hz
    end_sample = NOISE_HOP_SAMPLE * math.ceil(float(piece.points.time_sec.max()) * rate_hz / NOISE_HOP_SAMPLE)
    first, hops = 0, FIRST_BLOCK_HOP
    unused = np.random.default_rng(0)  # the piece knows its phases
    while first < end_sample:
        length = min(hops * NOISE_HOP_SAMPLE, end_sample - first)
        begin = first - _MARGIN_SAMPLE
        window = Window(piece, begin, performer, room)
        inputs, (voices,) = make_voice_inputs([window], length + 2 * _MARGIN_SAMPLE, rate_hz, unused)
        partials, noise = model.describe(inputs, torch.zeros(len(voices), model.dims.latent_count))
        louder = torch.from_numpy(level_db[voices] * _DECIBEL).float()[inputs.voice_of_point, None]
        white = _draw_noise(seed, begin, inputs.length_sample)
        partials = partials + louder
        partials[partials < _INAUDIBLE] = -math.inf  # costs nothing
        made = model.sound(inputs, partials, noise + louder, white)[0].numpy()
        yield made[_MARGIN_SAMPLE : _MARGIN_SAMPLE + length]
        first, hops = first + length, BLOCK_HOP


def _draw_noise(seed: int, begin: int, length: int) -> torch.Tensor:
    """Draw samples begin to begin + length of one endless white noise, [1, length]."""
    chunks = range(begin // _NOISE_CHUNK_SAMPLE, (begin + length - 1) // _NOISE_CHUNK_SAMPLE + 1)
    made = [
        np.random.default_rng([seed, chunk + 1]).standard_normal(_NOISE_CHUNK_SAMPLE, dtype=np.float32)
        for chunk in chunks
    ]
    skip = begin - chunks.start * _NOISE_CHUNK_SAMPLE
    return torch.from_numpy(np.concatenate(made)[None, skip : skip + length])


def _add_room(blocks: Iterator[Samples], response: Samples) -> Iterator[Samples]:
    """Let blocks ring in a room; the last one is what rings on after them."""
    ringing, size, spectrum = np.zeros(len(response), np.float32), 0, np.zeros(0, np.complex64)
    for block in blocks:
        if size != next_fast_len(len(block) + len(response), real=True):
            size = next_fast_len(len(block) + len(response), real=True)
            spectrum = rfft(response, size)
        wet = irfft(rfft(block, size) * spectrum, size)[: len(block) + len(response)]
        wet[: len(response)] += ringing
        yield wet[: len(block)]
        ringing = wet[len(block) :]
    yield ringing
