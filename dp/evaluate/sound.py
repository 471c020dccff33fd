"""Measures the sound of systems on held-out clips."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch

from dp.config import MelConfig
from dp.evaluate.clip_metrics import RECORDING, ClipMetrics, MetricValues, Vectors, find_split, measure_clips
from dp.evaluate.sound_metrics import Embed, Transcribe, make_sound, measure_sound
from dp.evaluate.systems import EvaluationClip, System

CLIP_LIMIT = 200  # of a split of an instrument: more would narrow the intervals little and take hours
VECTOR_DIGITS = 4  # of embeddings, as they are kept


def measure_systems(
    clips: Sequence[EvaluationClip],
    systems: Mapping[str, System],
    mel: MelConfig,
    transcribe: Transcribe | None = None,
    on_clip: Callable[[int, str], None] = lambda done, clip_id: None,
    embed: Embed | None = None,
) -> list[ClipMetrics]:
    """Measure systems on the same clips.

    Each system is compared with the clip at its own level, by all of `sound_metrics.METRICS`: one without a waveform by
    those of the log-mel alone, and by those of notes only given a transcriber. Where a metric has no value (no note
    begins in the clip, the clip is silent) the clip does not count in its n.

    Args:
        clips: held out by either split; see `make_evaluation_clips`.
        systems: by name.
        mel: the log-mel of the clips.
        transcribe: such as `dp.audio.transcription.transcribe`; None leaves the note metrics out.
        on_clip: called after each clip with the number of clips done and its id.
        embed: such as `dp.audio.embedding.embed_sound`; None leaves the Fréchet distance out.
    """
    embedded: dict[str, Vectors] = {}

    @torch.no_grad()
    def measure(clip: EvaluationClip) -> MetricValues:
        made = {name: make_sound(system, clip, mel, transcribe) for name, system in systems.items()}
        if embed is not None:
            sounds = {RECORDING: clip.samples} | {name: sound.samples for name, sound in made.items()}
            embedded[clip.clip.clip_id] = {
                name: np.round(embed(samples, mel.sample_rate_hz).astype(np.float64), VECTOR_DIGITS).tolist()
                for name, samples in sounds.items()
                if samples is not None
            }
        return {name: measure_sound(sound) for name, sound in made.items()}

    rows = measure_clips(clips, measure, on_clip)
    return [replace(row, embedded=embedded.get(row.clip_id, {})) for row in rows]


def choose_clips(clips: Sequence[EvaluationClip], limit: int = CLIP_LIMIT, seed: int = 1) -> list[EvaluationClip]:
    """Draw at most `limit` clips of every split of every instrument under a seed; keep their order."""
    groups = defaultdict(list)
    for row, clip in enumerate(clips):
        if split := find_split(clip.clip):
            groups[clip.clip.instrument, split].append(row)
    rng = np.random.default_rng(seed)
    chosen = {int(row) for _, rows in sorted(groups.items()) for row in rng.permutation(rows)[:limit]}
    return [clips[row] for row in sorted(chosen)]
