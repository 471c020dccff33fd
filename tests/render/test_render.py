from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from dp.data.tempo_map import build_performed_tempo_map
from dp.errors import DataError
from dp.models.checkpoint import save_checkpoint
from dp.models.synthesis import SynthesisModel
from dp.models.vocos import VocosModel
from dp.render import ModelSet, RenderOptions, load_models, perform, render, synthesize
from dp.train.synthesis import train_synthesis
from dp.train.timing import train_timing
from dp.train.vocoder import train_vocoder
from dp.types import PerformedNotes, ScoreNotes
from tests.factories import notes_of, score_of
from tests.train import tiny


@pytest.fixture(scope="module")
def models() -> ModelSet:
    return ModelSet(
        train_timing(tiny.timing(), replace(tiny.TIMING, step_count=30), tiny.Log(), dims=tiny.TIMING_DIMS),
        train_synthesis(tiny.synthesis(), tiny.FILTERBANK, replace(tiny.SYNTHESIS, step_count=10), tiny.Log()),
        train_vocoder(
            tiny.vocoder(), tiny.FILTERBANK, replace(tiny.VOCODER, step_count=5), tiny.Log(), dims=tiny.VOCOS_DIMS
        ),
    )


def by(performer: str, tempo_qpm: float | None = None) -> RenderOptions:
    return RenderOptions(performers=((performer, 1.0),), tempo_qpm=tempo_qpm)


@pytest.mark.parametrize("note_count", [1, 7, 40])
def test_length_and_sanity(models: ModelSet, note_count: int) -> None:
    rendering = render(score_of(tiny.scale(note_count)), models, by("bo"))
    performed = rendering.performed
    frame_count = int(np.rint((performed.offset_sec.max() + 1.0) * 62.5))
    assert rendering.log_mel.shape == (frame_count, 20)
    assert rendering.samples.shape == (frame_count * 256,)
    assert rendering.samples.dtype == np.float32
    assert rendering.sample_rate_hz == 16000
    assert np.isfinite(rendering.samples).all() and np.isfinite(rendering.log_mel).all()
    assert np.abs(rendering.samples).max() <= 0.99
    assert performed.pitch.tolist() == tiny.scale(note_count).pitch.tolist()
    assert (np.diff(performed.onset_sec) >= 0).all() and performed.onset_sec[0] >= 0
    assert (performed.offset_sec - performed.onset_sec >= 1 / 62.5 - 1e-9).all()
    assert abs(performed.onset_sec[-1] - 0.5 * (note_count - 1)) < 1.0


def test_the_same_score_renders_the_same(models: ModelSet) -> None:
    first, second = (render(score_of(tiny.scale(5)), models) for _ in range(2))
    assert np.array_equal(first.samples, second.samples)


def test_performer_and_tempo_are_heard(models: ModelSet) -> None:
    score = score_of(tiny.scale(12))
    ann, bo, slow = (
        render(score, models, by("ann")),
        render(score, models, by("bo")),
        render(score, models, by("ann", 60.0)),
    )
    assert not np.array_equal(ann.performed.onset_sec, bo.performed.onset_sec)
    assert slow.performed.onset_sec[-1] == pytest.approx(11.0, abs=1.0)
    assert ann.performed.onset_sec[-1] == pytest.approx(5.5, abs=1.0)


def test_unknown_performer_lists_the_known(models: ModelSet) -> None:
    with pytest.raises(DataError, match="performer 'cy': is unknown to the models; known: ann, bo"):
        render(score_of(tiny.scale(2)), models, by("cy"))


def test_no_notes(models: ModelSet) -> None:
    none = ScoreNotes(*(getattr(tiny.scale(1), name)[:0] for name in ScoreNotes.__dataclass_fields__))
    with pytest.raises(DataError, match="piece: has no notes"):
        render(score_of(none), models)


def test_windows_meet_without_a_jump(models: ModelSet) -> None:
    """A held chord over several windows: where windows meet, the mel moves no more than elsewhere."""
    notes = notes_of([(0, 60, 60), (0, 60, 64)])
    held = PerformedNotes(notes.pitch, notes.velocity, np.zeros(2), np.full(2, 30.0), np.ones(2))
    log_mel = synthesize(held, build_performed_tempo_map(notes, held, "x"), models.synthesis, None).numpy()
    moves = np.abs(np.diff(log_mel, axis=0)).mean(axis=1)
    inside = moves[100:1700]
    assert inside.max() < 6 * np.median(inside) + 0.05


def test_a_short_piece_is_one_window_of_the_model(models: ModelSet) -> None:
    from dp.data.batches import make_synthesis_inputs
    from dp.data.clips import select_sounding_notes

    notes = tiny.scale(4)
    performed = perform(score_of(notes), models.timing, "ann", None)
    log_mel = synthesize(performed, build_performed_tempo_map(notes, performed, "x"), models.synthesis, "ann")
    end_sec = len(log_mel) / 62.5
    tempo = build_performed_tempo_map(notes, performed, "x").compute_mean_tempo_qpm(0.0, end_sec)
    sounding = select_sounding_notes(performed, 0, len(log_mel), tempo, 62.5)
    with torch.no_grad():
        alone = models.synthesis.model(**make_synthesis_inputs([sounding], [1], [len(log_mel)]))[0]
    torch.testing.assert_close(log_mel, alone)


def test_a_loud_waveform_is_turned_down(models: ModelSet) -> None:
    loud = deepcopy(models.vocoder.model)
    assert isinstance(loud, VocosModel)
    loud.outline.bias.data += 9.0
    rendering = render(score_of(tiny.scale(3)), replace(models, vocoder=replace(models.vocoder, model=loud)))
    assert np.abs(rendering.samples).max() == pytest.approx(0.99)


def test_load_models(tmp_path: Path, models: ModelSet) -> None:
    for name in ("timing", "synthesis", "vocoder"):
        save_checkpoint(getattr(models, name), tmp_path / name)
    found = load_models(tmp_path)
    assert found.performer_names == ("ann", "bo")
    score = score_of(tiny.scale(3))
    assert np.array_equal(render(score, found).samples, render(score, models).samples)


def test_models_of_different_mels_do_not_go_together(tmp_path: Path, models: ModelSet) -> None:
    for checkpoint in (models.timing, models.synthesis):
        save_checkpoint(checkpoint, tmp_path / checkpoint.model.kind)
    with pytest.raises(DataError, match=r"vocoder: holds no model.*dp train"):
        load_models(tmp_path)
    other = replace(models.vocoder, mel=replace(tiny.MEL, floor=1e-4))
    save_checkpoint(other, tmp_path / "vocoder")
    with pytest.raises(DataError, match=r"vocoder: was trained on another log-mel: floor 0\.0001 where 1e-05"):
        load_models(tmp_path)


def test_the_synthesis_model_counts_when_it_knows_a_performer_the_timing_model_does_not(models: ModelSet) -> None:
    only_synthesis = replace(models, timing=replace(models.timing, performer_names=("zoe",)))
    assert only_synthesis.performer_names == ("ann", "bo", "zoe")
    assert np.isfinite(render(score_of(tiny.scale(2)), only_synthesis, by("ann")).samples).all()
    assert isinstance(only_synthesis.synthesis.model, SynthesisModel)


def test_a_local_model_in_chunks_is_the_same_as_at_once(models: ModelSet, monkeypatch: pytest.MonkeyPatch) -> None:
    from dp.data.batches import make_synthesis_inputs
    from dp.data.clips import select_sounding_notes

    dims = replace(
        tiny.SYNTHESIS_DIMS,
        attention="local",
        note_position="envelope",
        hears_partials=True,
        conditions_frames=True,
        kernel=3,
        reach_note=3,
        reach_frame=6,
        encoder_layer_count=2,
        decoder_layer_count=2,
    )
    made = train_synthesis(
        tiny.synthesis(), tiny.FILTERBANK, replace(tiny.SYNTHESIS, step_count=5, dims=dims), tiny.Log()
    )
    rng = np.random.default_rng(0)
    notes = notes_of(
        [(quarter / 4, 0.25 + 3 * (quarter % 7 == 0), int(rng.integers(50, 80))) for quarter in range(120)]
    )
    performed = perform(score_of(notes), models.timing, "ann", None)
    monkeypatch.setattr("dp.render.sound.CHUNK_FRAME", 97)
    in_chunks = synthesize(performed, build_performed_tempo_map(notes, performed, "x"), made, "ann")
    end_sec = float(performed.offset_sec.max())
    tempo = build_performed_tempo_map(notes, performed, "x").compute_mean_tempo_qpm(0.0, end_sec)
    sounding = select_sounding_notes(performed, 0, len(in_chunks), tempo, 62.5)
    with torch.no_grad():
        whole = made.model(**make_synthesis_inputs([sounding], [1], [len(in_chunks)]))[0]
    torch.testing.assert_close(in_chunks, whole, atol=2e-5, rtol=0.0)
