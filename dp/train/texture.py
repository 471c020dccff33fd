"""Fits how much real log-mels move around what a trained synthesis model predicts.

The fit follows the training: dropout moves the prediction while it lasts, and the noise would be fitted to that.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from dp.data.loader import make_synthesis_batch
from dp.data.stretches import SynthesisClip
from dp.models.synthesis import SynthesisModel
from dp.train.losses import compute_texture_loss

MAX_CLIPS = 256  # drawn among the training clips
STEP_COUNT = 200
LEARNING_RATE = 0.003
MIN_MOVE = 1e-4  # mean square that noise supplies where a prediction moves enough by itself


def fit_texture(model: SynthesisModel, clips: Sequence[SynthesisClip], seed: int) -> float:
    """Fit the layer that says how much each place moves; nothing else of the model changes.

    Args:
        model: trained; on any device.
        clips: it was trained on; at most MAX_CLIPS of them are drawn.
        seed: of the draw.

    Returns:
        the loss, see `compute_texture_loss`.
    """
    device = model.bands.weight.device
    chosen = np.random.default_rng(seed).permutation(len(clips))[:MAX_CLIPS]
    model.eval()
    with torch.no_grad():
        parts = [_describe_clip(model, clips[index], device) for index in chosen]
    frames, predicted, true, valid = (torch.cat(part)[None] for part in zip(*parts, strict=True))
    layer = model.log_spread
    _match_means(layer, frames, predicted, true, valid)
    optimizer = torch.optim.Adam(layer.parameters(), lr=LEARNING_RATE)
    for _ in range(STEP_COUNT):
        loss = compute_texture_loss(predicted, torch.exp(layer(frames)), true, valid)
        optimizer.zero_grad()
        torch.autograd.backward(loss, inputs=list(layer.parameters()))
        optimizer.step()
    _match_means(layer, frames, predicted, true, valid)  # a Gaussian is too wide for moves that are mostly small
    return float(loss.detach())


@torch.no_grad()
def _match_means(layer: nn.Linear, frames: Tensor, predicted: Tensor, true: Tensor, valid: Tensor) -> None:
    """Scale each band's noise so that all of it supplies what the band's moves lack."""
    both = (valid[:, 1:] & valid[:, :-1])[0]
    moved, wanted = ((mel.diff(dim=1)[0, both] ** 2).mean(dim=0) for mel in (predicted, true))
    variance = torch.exp(2 * layer(frames[0]))
    added = (variance[1:] + variance[:-1])[both].mean(dim=0)
    layer.bias.add_(0.5 * torch.log((wanted - moved).clamp(min=MIN_MOVE) / added))


def _describe_clip(model: SynthesisModel, clip: SynthesisClip, device: torch.device) -> tuple[Tensor, ...]:
    """Return a clip's frames [T + 1, D], its predicted and true log-mel [T + 1, M], and which frames count [T + 1].

    The last frame stands twice; its copy does not count, so that the move to the next clip does not either.
    """
    batch = make_synthesis_batch([clip]).to(device)
    frames = model.compute_frames(**batch.inputs)
    parts = (frames[0], model.bands(frames)[0], batch.log_mel[0])
    valid = torch.ones(len(parts[0]) + 1, dtype=torch.bool, device=device)
    valid[-1] = False
    return *(torch.cat([part, part[-1:]]) for part in parts), valid
