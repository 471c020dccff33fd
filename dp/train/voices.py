"""Training of voices on aligned notes and tracked pitch, by the distance of spectra.

Pitch is taught by the tracked curves and never through the loss, whose gradient by frequencies leads nowhere (Turian
and Henry, 2020). What the score does not say of a note, as how hard it was played, goes into a small free vector a
training note; it is kept small, so that features explain what they can, and rendering leaves it out.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from dp.audio.mel import make_mel_filterbank
from dp.config import MelConfig
from dp.data.arrays import Arrays
from dp.data.batches import Movable
from dp.data.loader import HIDDEN_PERFORMER_SHARE, make_step_rng
from dp.data.voices import VoiceClip, VoiceRecording
from dp.errors import DataError
from dp.models.checkpoint import Checkpoint
from dp.models.mel import LogMel
from dp.models.voices.inputs import Window, make_voice_inputs
from dp.models.voices.model import VoiceInputs, VoicesDims, VoicesModel
from dp.models.voices.pitch import PERFORMER, PITCH
from dp.presets import VoicesConfig
from dp.train.loop import Budget, Course, descend, fit, keep_deterministic
from dp.train.losses import SpectralLoss, compute_spread_shortfall
from dp.train.state import Log
from dp.train.voice_pieces import fit_styles, prepare_pieces
from dp.types import PITCH_COUNT

WARMUP_STEP = 100
LAST_RATE = 0.03  # of the learning rate, at the end
LATENT_KEPT, LATENT_NOISE = 0.6, 0.15  # share of notes whose free vector is used, and the noise that is added to it
LATE_SEC = 0.05  # unit of how late notes begin: the steps of such a small number must be small
EARLY_PENALTY, LATE_PENALTY = 0.01, 0.03
WINDOWS_SAMPLE = (256, 512, 1024, 2048, 4096)
SPECTRUM_FLOOR = 2e-3  # below it nobody hears, and codecs leave nothing
VALID_CLIP_COUNT = 8
VALID_SEED = 7


@dataclass(frozen=True)
class VoiceBatch(Movable):
    """B windows of recordings."""

    clip_ids: tuple[str, ...]
    inputs: VoiceInputs
    note_id: Tensor  # [V] which training note each voice is
    samples: Tensor  # [B, L] target


class Corpus:
    """The pieces of a training: where windows may begin, and which training note each note is."""

    def __init__(self, arrays: Arrays[VoiceClip], config: VoicesConfig) -> None:
        """Prepare all recordings that hold clips for training or validation."""
        self.config, self.names = config, arrays.performer_names
        self.length_sample = int(config.segment_sec * config.sample_rate_hz)
        self.lead_sample = int(config.lead_sec * config.sample_rate_hz)
        self.frame_sample = config.sample_rate_hz / arrays.mel.frame_rate_hz
        training = arrays.select_training()
        recordings = {item.recording.recording_id: item.recording for item in training}
        self.recordings = list(recordings.values())
        self.pieces = [
            prepare_pieces(item, config.kind, config.sample_rate_hz, config.transpositions) for item in self.recordings
        ]
        self.first_note = np.concatenate([[0], np.cumsum([len(item.performed) for item in self.recordings])])
        self.index = {item.recording_id: row for row, item in enumerate(self.recordings)}
        self.spans = self._join_spans(training)
        if not self.spans:
            raise DataError("dataset", "has no stretch as long as segment_sec", "lower presets.*.voices.segment_sec")
        held_out = [item for item in arrays.select_held_out("clip") if item.recording.recording_id in self.index]
        self.valid = held_out[:: max(1, len(held_out) // VALID_CLIP_COUNT)][:VALID_CLIP_COUNT]

    @property
    def note_count(self) -> int:
        """How many notes its recordings have, those of clips that are held out among them."""
        return int(self.first_note[-1])

    def list_learned(self, item: VoiceRecording) -> npt.NDArray[np.bool_]:
        """Say which notes of a recording begin where it is learned from, [N]."""
        onset = item.performed.onset_sec * self.config.sample_rate_hz
        spans = [span for span in self.spans if span[0] == self.index[item.recording_id]]
        learned = np.zeros(len(onset), dtype=np.bool_)
        for _, begin, end in spans:
            learned |= (onset >= begin) & (onset < end)
        return learned

    def _join_spans(self, clips: Sequence[VoiceClip]) -> list[tuple[int, int, int]]:
        """Join clips that follow each other to (piece, first sample, end sample), those that hold a window."""
        spans: list[tuple[int, int, int]] = []
        for item in clips:
            row = self.index[item.recording.recording_id]
            begin, end = (round(frame * self.frame_sample) for frame in (item.clip.start_frame, item.clip.end_frame))
            end = min(end, len(item.recording.samples))
            if spans and spans[-1][0] == row and abs(spans[-1][2] - begin) <= 1:
                spans[-1] = (row, spans[-1][1], end)
            else:
                spans.append((row, begin, end))
        longest = self.length_sample * max(ways.speed for ways in self.pieces[0])
        return [span for span in spans if span[2] - span[1] >= longest]

    def draw_batch(self, step: int) -> VoiceBatch:
        """Draw the batch of a step."""
        rng = make_step_rng(step, self.config.seed)
        room_for = np.array([end - begin - self.length_sample + 1 for _, begin, end in self.spans], dtype=np.float64)
        chosen = rng.choice(len(self.spans), size=self.config.batch_size, p=room_for / room_for.sum())
        places = []
        for row in chosen:
            recording, begin, end = self.spans[row]
            way = int(rng.integers(1 + len(self.config.transpositions)))
            speed = self.pieces[recording][way].speed
            last = max(int(end / speed) - self.length_sample, math.ceil(begin / speed))
            places.append((recording, way, int(rng.integers(math.ceil(begin / speed), last + 1))))
        return self.make_batch(places, rng, HIDDEN_PERFORMER_SHARE)

    def make_batch(
        self, places: Sequence[tuple[int, int, int]], rng: np.random.Generator, hidden_share: float = 0.0
    ) -> VoiceBatch:
        """Make the batch of windows that begin at (recording, way it is played, sample)."""
        windows, samples = [], []
        for row, way, begin in places:
            piece = self.pieces[row][way]
            hidden = rng.random() < hidden_share
            performer = 0 if hidden else self.find_performer(piece.recording.performer)
            windows.append(Window(piece.voices, begin, performer, row))
            cut = piece.samples[max(begin, 0) : begin + self.length_sample]
            samples.append(np.pad(cut, (max(-begin, 0), self.length_sample - len(cut) - max(-begin, 0))))
        inputs, notes = make_voice_inputs(windows, self.length_sample, self.config.sample_rate_hz, rng)
        ids = np.concatenate([self.first_note[row] + found for (row, _, _), found in zip(places, notes, strict=True)])
        return VoiceBatch(
            tuple(f"{self.recordings[row].recording_id}@{begin}" for row, _, begin in places),
            inputs,
            torch.from_numpy(ids),
            torch.from_numpy(np.stack(samples)),
        )

    def make_valid_batches(self) -> list[VoiceBatch]:
        """Make the batches that validation looks at, the same each time."""
        rng = np.random.default_rng(VALID_SEED)
        places = []
        for item in self.valid:
            begin = round(item.clip.start_frame * self.frame_sample) - self.lead_sample
            places.append((self.index[item.recording.recording_id], 0, begin))
        return [self.make_batch(places[first : first + 4], rng) for first in range(0, len(places), 4)]

    def find_performer(self, name: str) -> int:
        """Find a performer's index; 0 for none of those it learns from."""
        return self.names.index(name) + 1 if name in self.names else 0


class Latents(nn.Module):
    """What is kept of each training note, and serves the training alone."""

    def __init__(self, note_count: int, latent_count: int) -> None:
        """Begin near nothing."""
        super().__init__()
        self.notes = nn.Parameter(0.01 * torch.randn(note_count, latent_count))
        self.late = nn.Parameter(torch.zeros(note_count))  # how much later than it is aligned it begins, in LATE_SEC


class VoicesTrainee:
    """Voices in training."""

    def __init__(self, corpus: Corpus, config: VoicesConfig, device: torch.device) -> None:
        styles = [_list_styles(item, corpus) for item in corpus.recordings]
        dims = VoicesDims(
            kind=config.kind,
            sample_rate_hz=config.sample_rate_hz,
            performer_count=len(corpus.names),
            room_count=len(corpus.recordings),
            style_count=sum(map(len, styles)) if config.kind == "bowed" else 0,
            hears_velocity=any((item.performed.velocity > 0).any() for item in corpus.recordings),
        )
        self.model = VoicesModel(dims)
        _note_what_was_heard(self.model, corpus, np.concatenate(styles))
        self.latents = Latents(corpus.note_count, dims.latent_count)
        self.networks: Mapping[str, nn.Module] = {"model": self.model.to(device), "latents": self.latents.to(device)}
        every = [*self.model.parameters(), *self.latents.parameters()]
        self.optimizers: Mapping[str, torch.optim.Optimizer] = {
            "model": torch.optim.AdamW(every, betas=(0.9, 0.99), weight_decay=0.0)
        }
        self.loss = SpectralLoss(_make_log_mel(config.sample_rate_hz), WINDOWS_SAMPLE, SPECTRUM_FLOOR).to(device)
        self.corpus, self.config, self.device = corpus, config, device
        self.valid = corpus.make_valid_batches()

    def compute_rate(self, step: int) -> float:
        """Return the learning rate of a step: a short rise, then half a cosine."""
        share = min(step / self.config.step_count, 1.0)
        fall = LAST_RATE + (1 - LAST_RATE) * 0.5 * (1 + math.cos(math.pi * share))
        return self.config.learning_rate * min(1.0, step / WARMUP_STEP) * fall

    def train_step(self, batch: VoiceBatch, step: int) -> dict[str, Tensor]:
        """Descend along the loss of a batch."""
        free = self.latents.notes[batch.note_id]
        kept = (torch.rand(len(free), 1, device=free.device) < LATENT_KEPT).float()
        latent = (free + LATENT_NOISE * torch.randn_like(free)) * kept
        late = self.latents.late[batch.note_id]
        made = self.model(batch.inputs, latent, LATE_SEC * late)[:, self.corpus.lead_sample :]
        true = batch.samples[:, self.corpus.lead_sample :]
        spectral = self.loss(made, true)
        ours, theirs = self.loss.log_mel(made), self.loss.log_mel(true)
        valid = torch.ones(ours.shape[:2], dtype=torch.bool, device=ours.device)
        spread = compute_spread_shortfall(ours, theirs, valid)
        penalty = self.config.latent_penalty * (free**2).sum(dim=1).mean() + LATE_PENALTY * (late**2).mean()
        penalty = penalty + EARLY_PENALTY * (self.model.early**2).sum() + self.config.spread_weight * spread
        both = nn.ModuleList(self.networks.values())
        norm = descend(self.optimizers["model"], both, spectral + penalty)
        return {
            "train_loss": spectral.detach(),
            "spread_loss": spread.detach(),
            "late_ms": 1000 * LATE_SEC * late.detach().std(),
            "gradient_norm": norm,
        }

    def validate(self, model: nn.Module) -> dict[str, float]:
        """Return the spectral loss on held-out clips without any free vector; nothing where none are held out."""
        losses = []
        with torch.random.fork_rng():
            torch.manual_seed(VALID_SEED)
            for batch in (held_out.to(self.device) for held_out in self.valid):
                nothing = torch.zeros(len(batch.note_id), self.model.dims.latent_count, device=self.device)
                made = model(batch.inputs, nothing)
                lead = self.corpus.lead_sample
                losses.append(float(self.loss(made[:, lead:], batch.samples[:, lead:])))
        return {"valid_loss": sum(losses) / len(losses)} if losses else {}


def _list_styles(item: VoiceRecording, corpus: Corpus) -> npt.NDArray[np.float32]:
    """List how the pitch of each note that is learned from moves, a row a note."""
    rows = fit_styles(item)[corpus.list_learned(item)]
    rows[:, PERFORMER] = corpus.find_performer(item.performer)
    return rows


def _note_what_was_heard(model: VoicesModel, corpus: Corpus, styles: npt.NDArray[np.float32]) -> None:
    """Keep with the model what rendering needs of the notes that are learned from."""
    counts = np.bincount(styles[:, PITCH].astype(np.int64), minlength=PITCH_COUNT)
    model.heard += torch.from_numpy(counts.astype(np.float32))
    for index, name in enumerate(corpus.names):
        lags = [ways[0].lag_sec for ways in corpus.pieces if ways[0].recording.performer == name]
        model.onset_lag_sec[index + 1] = sum(lags) / len(lags)
    model.onset_lag_sec[0] = model.onset_lag_sec[1:].mean() if corpus.names else 0.0
    if model.dims.style_count:
        model.style.copy_(torch.from_numpy(styles))


def _make_log_mel(sample_rate_hz: int) -> LogMel:
    """Make the log-mel of the loss, over all that can be heard."""
    mel = MelConfig(sample_rate_hz, 2048, 512, 100, 0.0, sample_rate_hz / 2, 1e-4)
    return LogMel(mel, make_mel_filterbank(mel))


def train_voices(
    arrays: Arrays[VoiceClip], config: VoicesConfig, log: Log, thread_count: int = 1, course: Course | None = None
) -> Checkpoint[VoicesModel]:
    """Train voices.

    Args:
        arrays: clips of both splits; those held out by either are not trained on.
        config: what kind of instrument, step count, rate, seed.
        log: gets the losses and, on the `clip` split, `valid_loss`; see `loop.fit`.
        thread_count: threads torch may use; the result depends on it in the last digits.
        course: device, state file, resume.

    Raises:
        DataError: there is nothing to train on, or the training diverged.
    """
    course = course or Course()
    with keep_deterministic(config.seed, thread_count):
        corpus = Corpus(arrays, config)
        trainee = VoicesTrainee(corpus, config, course.device)
        draw: Callable[[int], VoiceBatch] = corpus.draw_batch
        progress = fit(trainee, draw, Budget.read_from(config), log, config.seed, course)
    settings: dict[str, Any] = asdict(config) | {"rooms": [item.recording_id for item in corpus.recordings]}
    return Checkpoint(
        trainee.model.cpu(),
        arrays.mel,
        progress.best_step or progress.step,
        arrays.performer_names,
        settings,
        arrays.data_note,
        trained_on=arrays.trained_on,
    )
