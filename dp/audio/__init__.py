"""Audio: reading and writing files, log-mel, constant-Q for pictures, a soundfont player."""

from dp.audio.cqt import ConstantQ, constant_q_db
from dp.audio.level import soft_limited
from dp.audio.loudness import LoudnessMeter
from dp.audio.mel import log_mel, mel_filterbank
from dp.audio.reading import AudioInfo, audio_info, read_audio, slice_end_sec
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
    "audio_info",
    "constant_q_db",
    "log_mel",
    "mel_filterbank",
    "read_audio",
    "render_notes",
    "slice_end_sec",
    "soft_limited",
    "write_audio",
]
