"""The onset net's training: what it renders, what it learns, and that numpy computes what torch trained."""

from pathlib import Path

import numpy as np
import pytest
import torch

from dp.align import ALIGN_SAMPLE_RATE_HZ
from dp.align.net_weights import load_net, write_net
from dp.align.onsets.net import CONTEXT_FRAME, ONSET_NET, compute_onset_logits
from dp.align.onsets.patches import CHANNEL_COUNT, FLUX_SHORT
from dp.audio.synth import find_bundled_soundfont
from dp.errors import DataError
from dp.train_aligner.fit import copy_weights
from dp.train_aligner.onset_net import REACH_FRAME, Examples, build_network, fit, make_examples, measure_error_ms
from dp.train_aligner.performances import Performance, invent_performance, list_piano_files, list_violin_names
from dp.train_aligner.sounds import record, render


def two_notes() -> Performance:
    return Performance(
        name="two",
        program=0,
        pitch=np.array([69, 81]),
        velocity=np.array([90, 90]),
        onset_sec=np.array([0.5, 1.5]),
        offset_sec=np.array([0.9, 1.9]),
        event=np.array([0, 1]),
    )


def test_numpy_and_torch_agree(tmp_path: Path) -> None:
    torch.manual_seed(3)
    network = build_network()
    patches = np.random.default_rng(3).standard_normal((5, CHANNEL_COUNT, 120)).astype(np.float32)
    write_net(tmp_path / "net.npz", copy_weights(network), {"seed": 3})
    assert [p.name for p in tmp_path.iterdir()] == ["net.npz"]
    found = compute_onset_logits(load_net(tmp_path / "net.npz", ONSET_NET), patches)
    assert found.shape == (5, 120 - 2 * CONTEXT_FRAME)
    np.testing.assert_allclose(found, network(torch.from_numpy(patches))[:, 0].detach().numpy(), atol=1e-4)


def test_weights_of_another_shape_are_refused(tmp_path: Path) -> None:
    arrays = {f"{n}{i}": np.zeros((2, 2, 2)) for n in ("weight", "bias") for i in range(len(ONSET_NET.layers))}
    np.savez(tmp_path / "other.npz", allow_pickle=False, **arrays)
    with pytest.raises(DataError, match=r"other.npz: layers are .*, expected .*; train them again"):
        load_net(tmp_path / "other.npz", ONSET_NET)
    (tmp_path / "text.npz").write_text("no weights")
    with pytest.raises(DataError, match="is not a set of onset net weights"):
        load_net(tmp_path / "text.npz", ONSET_NET)


def test_learning_finds_a_peak() -> None:
    rng = np.random.default_rng(4)
    onset = rng.uniform(5, 2 * REACH_FRAME - 5, 256).astype(np.float32)
    time = np.arange(2 * (REACH_FRAME + CONTEXT_FRAME) + 1) - CONTEXT_FRAME
    step = np.tanh(time[None] - onset[:, None])[:, None] + 0.1 * rng.standard_normal((256, CHANNEL_COUNT, len(time)))
    examples = Examples(step.astype(np.float32), onset)
    losses: list[float] = []
    network = fit(examples, 12, 1, lambda metrics, epoch: losses.append(metrics["loss"]))
    assert losses[-1] < 0.8 * losses[0]
    assert np.median(measure_error_ms(network, examples)) < 15


def test_rendered_notes_sound_when_they_should() -> None:
    (dry,) = render([two_notes()], find_bundled_soundfont(), [0.0], ALIGN_SAMPLE_RATE_HZ)
    level = np.sqrt((dry[: 2 * ALIGN_SAMPLE_RATE_HZ].reshape(-1, 441) ** 2).mean(axis=1))  # 20 ms
    assert level[:25].max() < 1e-4 < level[26]
    spectrum = np.abs(np.fft.rfft(dry[round(0.55 * 22050) : round(0.85 * 22050)]))
    assert spectrum.argmax() / 0.3 == pytest.approx(440, abs=4)


def test_a_recording_keeps_the_onset_and_is_reproducible() -> None:
    (dry,) = render([two_notes()], find_bundled_soundfont(), [0.0], ALIGN_SAMPLE_RATE_HZ)
    one, two = (record(dry, ALIGN_SAMPLE_RATE_HZ, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert np.abs(one).max() == pytest.approx(0.8, abs=1e-6)
    found = make_examples(two_notes(), dry, np.random.default_rng(5))
    assert found.patches.shape == (2, CHANNEL_COUNT, 2 * (REACH_FRAME + CONTEXT_FRAME) + 1)
    inside = (found.onset_frame > 0) & (found.onset_frame < 2 * REACH_FRAME)
    assert inside.any()  # the others are examples of "not here"
    flux = found.patches[inside, FLUX_SHORT, CONTEXT_FRAME:-CONTEXT_FRAME]
    assert np.abs(flux.argmax(axis=1) - found.onset_frame[inside]).max() < 4  # 20 ms: the windows are longer than that


def test_a_missing_soundfont_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none.sf2: there is no such soundfont"):
        render([two_notes()], tmp_path / "none.sf2", [0.0], ALIGN_SAMPLE_RATE_HZ)


@pytest.mark.parametrize("number", range(4))
def test_invented_performances_are_playable(number: int) -> None:
    made = invent_performance(number, np.random.default_rng(number), 10.0)
    again = invent_performance(number, np.random.default_rng(number), 10.0)
    np.testing.assert_array_equal(made.onset_sec, again.onset_sec)
    assert (np.diff(made.onset_sec) >= 0).all()
    assert (made.offset_sec - made.onset_sec >= 0.02 - 1e-9).all()
    assert made.onset_sec[-1] > 5
    assert ((made.pitch >= 36) & (made.pitch <= 108)).all()
    for pitch in set(made.pitch.tolist()):
        same = made.pitch == pitch
        assert (made.offset_sec[same][:-1] <= made.onset_sec[same][1:] + 0.02).all()


def test_what_is_measured_is_not_trained_on(shared_data: Path) -> None:
    names = {name for name, _ in list_violin_names(shared_data / "bach-violin")}
    assert len(names) == 89
    assert not names & {"ray-chen_bwv1004_mov5", "john-garner_bwv1002_mov6", "minji-kim_bwv1003_mov3"}
    pianos = {path.stem for path in list_piano_files(shared_data / "vienna4x22")}
    assert len(pianos) == 36
    assert not pianos & {"Chopin_op10_no3_p03", "Schubert_D783_no15_p17"}


def test_folders_that_are_no_corpora_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not the Bach Violin Dataset"):
        list_violin_names(tmp_path)
    with pytest.raises(DataError, match=r"holds no midi/\*.mid"):
        list_piano_files(tmp_path)
