"""What voices learn from: whole recordings at full bandwidth, with their notes and tracked pitch."""

from dataclasses import dataclass

from dp.data.clips import Clip, Float32Array
from dp.types import PerformedNotes, PitchCurve


@dataclass(frozen=True)
class VoiceRecording:
    """One recording with its N notes."""

    recording_id: str
    performer: str
    samples: Float32Array  # [L] at full level
    performed: PerformedNotes  # as aligned
    curves: tuple[PitchCurve, ...]  # N
    tuning_cent: float  # against A = 440 Hz


@dataclass(frozen=True)
class VoiceClip:
    """A clip of a recording, which is the same object for all of its clips."""

    clip: Clip
    recording: VoiceRecording
