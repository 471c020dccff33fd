"""Read, write, make and transcribe sound; compute log-mels and, for pictures, constant-Q."""

from dp.audio.cqt import ConstantQ, compute_constant_q
from dp.audio.level import limit_softly
from dp.audio.loudness import LoudnessMeter
from dp.audio.mel import compute_log_mel, make_mel_filterbank
from dp.audio.reading import AudioInfo, find_slice_end_sec, read_audio, read_audio_info
from dp.audio.room import add_noise, add_room
from dp.audio.synth import render_notes
from dp.audio.writing import AudioWriter, write_audio

__all__ = [
    "AudioInfo",
    "AudioWriter",
    "ConstantQ",
    "LoudnessMeter",
    "add_noise",
    "add_room",
    "compute_constant_q",
    "compute_log_mel",
    "find_slice_end_sec",
    "limit_softly",
    "make_mel_filterbank",
    "read_audio",
    "read_audio_info",
    "render_notes",
    "write_audio",
]
