"""Sound made in blocks: the same as all at once, wherever the borders fall. Models are untrained, but lively."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from dp.audio.mel import make_mel_filterbank
from dp.config import MelConfig
from dp.data.batches import make_synthesis_inputs
from dp.data.clips import SoundingNotes, select_sounding_notes
from dp.data.tempo_map import TempoMap
from dp.models import hifigan, vocos
from dp.models.checkpoint import Checkpoint
from dp.models.hifigan import HifiganDims, HifiganModel
from dp.models.synthesis import SynthesisModel
from dp.models.texture import draw_texture_noise
from dp.models.timing import TimingModel
from dp.models.vocoders import Vocoder
from dp.models.vocos import VocosModel
from dp.presets import SynthesisDims
from dp.render import ModelSet, Performance, iterate_blocks, sound, synthesize
from dp.render.sound import PLAIN, Texture
from dp.types import PerformedNotes
from tests.models.lively import lively
from tests.train import tiny

MEL = MelConfig(band_count=20)
STEADY = TempoMap(np.array([0.0, 1.0]), np.array([0.0, 2.0]), (120.0, 120.0))
LOCAL = SynthesisDims(
    band_count=20,
    width=16,
    encoder_layer_count=2,
    decoder_layer_count=2,
    feed_forward_width=16,
    kernel=3,
    note_position="envelope",
    conditions_frames=True,
    attention="local",
    reach_note=3,
    reach_frame=6,
    hears_partials=True,
    texture=True,
)
TEXTURE = Texture(1.0, seed=5)


def music(length_sec: float, notes_per_sec: int = 8) -> PerformedNotes:
    """Notes of many lengths, a few of them very long, and a rest of three seconds in the middle."""
    rng = np.random.default_rng(0)
    onset = np.sort(rng.uniform(0.0, length_sec - 1.0, round(length_sec * notes_per_sec)))
    onset = np.where(onset > length_sec / 2, onset + 3.0, onset)
    duration = rng.uniform(0.01, 0.6, len(onset))
    duration[::37] = rng.uniform(2.0, length_sec / 2, len(duration[::37]))
    velocity = rng.integers(0, 128, len(onset))
    return PerformedNotes(rng.integers(40, 90, len(onset)), velocity, onset, onset + duration, np.ones(len(onset)))


def vocos_vocoder() -> VocosModel:
    torch.manual_seed(0)
    model = VocosModel(replace(tiny.VOCOS_DIMS, band_count=20)).eval()
    model.set_outline(torch.from_numpy(make_mel_filterbank(MEL)))
    return model


@pytest.fixture(scope="module")
def synthesis() -> Checkpoint[SynthesisModel]:
    """A local model whose log-mel is about as loud as music's."""
    torch.manual_seed(0)
    model = SynthesisModel(LOCAL).eval()
    model.set_mean_spectrum(torch.linspace(-2.0, -6.0, 20))
    for parameter in model.decoder.parameters():
        if parameter.dim() > 1:
            parameter.data *= 2.0
    return Checkpoint(model, MEL, 0)


def models_of(synthesis: Checkpoint[SynthesisModel], vocoder: Vocoder) -> ModelSet:
    return ModelSet(Checkpoint(TimingModel(tiny.TIMING_DIMS).eval(), MEL, 0), synthesis, Checkpoint(vocoder, MEL, 0))


def performance_of(performed: PerformedNotes, texture: Texture = PLAIN) -> Performance:
    return Performance(performed, np.zeros(len(performed)), STEADY, None, texture=texture)


def at_once(
    performed: PerformedNotes, synthesis: Checkpoint[SynthesisModel], vocoder: Vocoder, texture: Texture = PLAIN
) -> tuple[np.ndarray, np.ndarray]:
    """Each network in one go."""
    frame_count = round((performed.offset_sec.max() + 1.0) * 62.5)
    sounding = select_sounding_notes(performed, 0, frame_count, 120.0, 62.5)
    with torch.no_grad():
        log_mel, spread = synthesis.model.describe(**make_synthesis_inputs([sounding], [0], [frame_count]))
        log_mel = log_mel + texture.amount * spread * draw_texture_noise(texture.seed, 0, frame_count, 20)
        return log_mel[0].numpy(), vocoder(log_mel)[0].numpy()


@pytest.fixture(params=["vocos", "hifigan"])
def vocoder(request: pytest.FixtureRequest) -> Vocoder:
    if request.param == "vocos":
        return vocos_vocoder()
    return lively(HifiganModel(HifiganDims(band_count=20, width=16)))


def cut(monkeypatch: pytest.MonkeyPatch, chunk_frame: int) -> None:
    monkeypatch.setattr(sound, "FIRST_CHUNK_FRAME", min(chunk_frame, 64))
    for module in (sound, vocos, hifigan):
        monkeypatch.setattr(module, "CHUNK_FRAME", chunk_frame)


@pytest.mark.parametrize("texture", [PLAIN, TEXTURE], ids=["plain", "textured"])
@pytest.mark.parametrize("chunk_frame", [11, 100, 256, 2048])
def test_in_blocks_is_the_same_as_at_once(
    synthesis: Checkpoint[SynthesisModel],
    vocoder: Vocoder,
    chunk_frame: int,
    texture: Texture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cut(monkeypatch, chunk_frame)
    performed = music(min(20.0, chunk_frame / 2))  # many blocks of any length
    log_mel, samples = at_once(performed, synthesis, vocoder, texture)
    made = list(iterate_blocks(performance_of(performed, texture=texture), models_of(synthesis, vocoder)))
    assert all(len(block.samples) == 256 * len(block.log_mel) > 0 for block in made)
    assert len(made) > 3
    np.testing.assert_allclose(np.concatenate([block.log_mel for block in made]), log_mel, atol=1e-4)
    scale = np.abs(samples).max()
    assert scale > 1e-3
    assert np.abs(np.concatenate([block.samples for block in made]) - samples).max() < 1e-3 * scale


def test_no_click_at_any_border(
    synthesis: Checkpoint[SynthesisModel], vocoder: Vocoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step would stand out in the third difference: at borders of blocks it is no larger than at other frames'."""
    cut(monkeypatch, 40)
    made = list(iterate_blocks(performance_of(music(20.0)), models_of(synthesis, vocoder)))
    samples = np.concatenate([block.samples for block in made])
    power = np.convolve(np.diff(samples, 3) ** 2, np.ones(8), mode="same")
    loudness = np.convolve(samples[3:] ** 2, np.ones(256), mode="same")
    sharpness = power / (loudness + 1e-12)
    borders = np.cumsum([len(block.samples) for block in made])[:-1]
    others = np.setdiff1d(np.arange(256, len(samples), 256), borders)
    at_borders, elsewhere = sharpness[borders - 2], sharpness[others - 2]
    assert len(borders) > 20
    assert np.median(at_borders) < 1.3 * np.median(elsewhere)
    assert at_borders.max() < 2.0 * np.quantile(elsewhere, 0.99)


def test_the_first_block_is_short(synthesis: Checkpoint[SynthesisModel]) -> None:
    first = next(iterate_blocks(performance_of(music(20.0)), models_of(synthesis, vocos_vocoder())))
    assert 20 <= len(first.log_mel) <= 64


def test_texture_is_heard_and_its_seed(synthesis: Checkpoint[SynthesisModel]) -> None:
    plain, one, other = (
        synthesize(music(4.0), STEADY, synthesis, None, texture) for texture in (PLAIN, TEXTURE, Texture(1.0, seed=6))
    )
    moved = (one - plain).std().item()
    assert moved == pytest.approx(0.3, rel=0.05)  # the spread of an untrained model
    assert (other - one).std().item() == pytest.approx(2**0.5 * moved, rel=0.05)


@pytest.mark.parametrize("length_sec", [0.01, 0.2, 1.1])
def test_short_pieces(synthesis: Checkpoint[SynthesisModel], vocoder: Vocoder, length_sec: float) -> None:
    performed = PerformedNotes(*(np.array([value]) for value in (60, 64, 0.0, length_sec, 1.0)))
    log_mel, samples = at_once(performed, synthesis, vocoder)
    made = list(iterate_blocks(performance_of(performed), models_of(synthesis, vocoder)))
    np.testing.assert_allclose(np.concatenate([block.log_mel for block in made]), log_mel, atol=1e-4)
    np.testing.assert_allclose(np.concatenate([block.samples for block in made]), samples, atol=1e-4)


def test_the_cost_of_a_chunk_does_not_grow_with_the_piece(
    synthesis: Checkpoint[SynthesisModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A drone below everything must not make every chunk encode all that sounds above it."""
    cut(monkeypatch, 200)
    performed = music(60.0)
    performed.offset_sec[0] = performed.offset_sec.max()
    counts: list[int] = []

    def counted(near: Sequence[SoundingNotes], performers: Sequence[int], lengths: Sequence[int]) -> dict[str, Tensor]:
        counts.append(len(near[0].pitch))
        return make_synthesis_inputs(near, performers, lengths)

    monkeypatch.setattr(sound, "make_synthesis_inputs", counted)
    log_mel = synthesize(performed, STEADY, synthesis, None)
    assert max(counts) < len(performed) / 2
    frame_count = len(log_mel)
    whole = make_synthesis_inputs([select_sounding_notes(performed, 0, frame_count, 120.0, 62.5)], [0], [frame_count])
    with torch.no_grad():
        np.testing.assert_allclose(log_mel, synthesis.model(**whole)[0], atol=1e-4)


def test_notes_in_any_order_of_time(synthesis: Checkpoint[SynthesisModel]) -> None:
    """The encoder hears neighbours in the order of the score, which is not always that of the sound."""
    performed = music(20.0)
    order = np.random.default_rng(1).permutation(len(performed))
    mixed = PerformedNotes(*(getattr(performed, name)[order] for name in performed.__dataclass_fields__))
    log_mel, _ = at_once(mixed, synthesis, vocos_vocoder())
    np.testing.assert_allclose(synthesize(mixed, STEADY, synthesis, None), log_mel, atol=1e-4)
