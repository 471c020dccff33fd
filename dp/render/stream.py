"""From a performance to sound, block by block: whatever its length, a few seconds of it are in memory at a time."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dp.render.performance import ModelSet, Performance
from dp.render.sound import synthesize


@dataclass(frozen=True)
class Block:
    """What follows the block before without a gap."""

    log_mel: npt.NDArray[np.float32]  # [T, M]
    samples: npt.NDArray[np.float32]  # [T * hop], as the vocoder made them


def blocks(performance: Performance, models: ModelSet) -> Iterator[Block]:
    """Make a performance sound."""
    log_mel = synthesize(performance.performed, performance.tempo_map, models.synthesis, performance.performer)
    yield Block(log_mel.numpy(), models.vocoder.model.vocode(log_mel).numpy())
