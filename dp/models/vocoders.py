"""The types of vocoders: networks from log-mel to waveform."""

from dp.models.hifigan import HifiganModel
from dp.models.vocos import VocosModel

Vocoder = VocosModel | HifiganModel
VOCODER_TYPES: tuple[type[Vocoder], ...] = (VocosModel, HifiganModel)
