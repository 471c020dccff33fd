"""The types of all models, for reading any checkpoint."""

from dp.models.baseline import BaselineModel
from dp.models.synthesis import SynthesisModel
from dp.models.timing import TimingModel
from dp.models.vocoders import VOCODER_TYPES, Vocoder

AnyModel = TimingModel | SynthesisModel | Vocoder | BaselineModel
MODEL_TYPES: tuple[type[AnyModel], ...] = (TimingModel, SynthesisModel, *VOCODER_TYPES, BaselineModel)
