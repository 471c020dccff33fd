"""Timing model: when, and how long, a performer plays each note of a score. Our design, or the publication's."""

from dataclasses import dataclass
from typing import ClassVar

from torch import nn

from dp.models.frame_timing import FrameTiming
from dp.models.score_timing import ScoreTiming


@dataclass(frozen=True)
class TimingDims:
    """Design and sizes of a timing model."""

    design: str = "ours"  # or publication
    performer_count: int = 0  # known ones
    width: int = 64
    dropout: float = 0.2
    # ours
    kernel_event: int = 5
    dilations_event: tuple[int, ...] = (1, 2, 4, 8, 16)  # with the kernel: how far an event sees, 62 to either side
    event_number_count: int = 20  # what dp.data.score_context tells; kept so that an old checkpoint says what it read
    note_number_count: int = 5
    code_count: int = 3
    code_size: int = 128
    # publication
    head_count: int = 2
    encoder_layer_count: int = 3
    feed_forward_width: int = 256
    feed_forward_kernel_note: int = 9  # 1 = linear, faster


class TimingModel(nn.Module):
    """Timing model of either design: `network` is a ScoreTiming (ours) or a FrameTiming (publication)."""

    kind: ClassVar[str] = "timing"
    dims_type: ClassVar[type[TimingDims]] = TimingDims

    def __init__(self, dims: TimingDims) -> None:
        super().__init__()
        self.dims = dims
        self.network: ScoreTiming | FrameTiming
        if dims.design == "ours":
            self.network = ScoreTiming(
                dims.performer_count,
                dims.event_number_count,
                dims.note_number_count,
                dims.code_count,
                dims.code_size,
                dims.width,
                dims.kernel_event,
                tuple(dims.dilations_event),
                dims.dropout,
            )
        else:
            self.network = FrameTiming(
                dims.performer_count,
                dims.width,
                dims.head_count,
                dims.encoder_layer_count,
                dims.feed_forward_width,
                dims.feed_forward_kernel_note,
                dims.dropout,
            )
