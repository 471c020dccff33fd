"""The types of all models, for reading any checkpoint."""

from dp.models.baseline import BaselineModel
from dp.models.synthesis import SynthesisModel
from dp.models.timing import TimingModel
from dp.models.vocoders import VOCODER_TYPES, Vocoder
from dp.models.voices.model import VoicesModel

AnyModel = TimingModel | SynthesisModel | Vocoder | BaselineModel | VoicesModel
MODEL_TYPES: tuple[type[AnyModel], ...] = (TimingModel, SynthesisModel, *VOCODER_TYPES, BaselineModel, VoicesModel)
