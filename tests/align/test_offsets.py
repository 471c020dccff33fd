"""Where notes end: by the score, and from the sound; the offset net, and its training."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from dp.align import ALIGN_SAMPLE_RATE_HZ, align
from dp.align.net_weights import load_net, load_packaged_net, write_net
from dp.align.offsets.curves import CHANNEL_COUNT, find_next_same
from dp.align.offsets.find import find_learned_offsets, map_offsets
from dp.align.offsets.net import OFFSET_NET, end_frames, end_logits
from dp.align.score_events import MIN_NOTE_SEC, plan_score
from dp.align.spectrum import bring_to_level
from dp.audio.synth import find_bundled_soundfont
from dp.config import AlignConfig
from dp.corpora.demo.make import SAMPLE_RATE_HZ
from dp.corpora.demo.players import PLAYERS, perform
from dp.errors import DataError
from dp.train_aligner import offset_net
from dp.train_aligner.fit import copy_weights
from dp.train_aligner.offset_performances import (
    Played,
    choose_pianos,
    choose_violins,
    invent_played,
    play_keyboard,
    play_piano,
    play_violin,
    sound_ends,
)
from dp.train_aligner.performances import Performance
from dp.train_aligner.sounds import record, render
from dp.types import PerformedNotes, Score
from tests.align.studies import engraved, study_named
from tests.factories import notes_of


@pytest.fixture(scope="session")
def air(tmp_path_factory: pytest.TempPathFactory) -> Score:
    """The demo's slow study."""
    return engraved(tmp_path_factory.getbasetemp(), study_named("air"))


@pytest.mark.parametrize("articulation", [0.35, 0.6, 0.97])
def test_staccato_and_legato_are_heard(air: Score, articulation: float) -> None:
    truth = perform(air, replace(PLAYERS[0], articulation=articulation), np.random.default_rng(1))
    samples = _recorded(truth)
    found = align(samples, air.notes, AlignConfig(), "air").performed
    error = np.abs(found.offset_sec - truth.offset_sec)
    by_score = np.interp(air.notes.onset_quarter + air.notes.duration_quarter, air.notes.onset_quarter, truth.onset_sec)
    assert np.median(error) < 0.03
    if articulation < 0.9:
        assert error.mean() < 0.35 * np.abs(by_score - truth.offset_sec).mean()
    held = (found.offset_sec - found.onset_sec) / (by_score - found.onset_sec)
    assert np.median(held[:-1]) == pytest.approx(articulation, abs=0.08)


def _recorded(notes: PerformedNotes) -> np.ndarray:
    """On the violin of pretty_midi's soundfont, in a room."""
    performance = Performance(
        "air",
        40,
        notes.pitch,
        notes.velocity.astype(np.int64),
        notes.onset_sec,
        notes.offset_sec,
        np.arange(len(notes)),
    )
    (dry,) = render([performance], find_bundled_soundfont(), [0.0], SAMPLE_RATE_HZ)
    return record(dry, SAMPLE_RATE_HZ, np.random.default_rng(2))


def broken_chords(pedal: bool) -> Performance:
    """Twelve chords, each of four short notes one after the other; the pedal is lifted every 1.6 s."""
    onset = 0.5 + 0.4 * np.arange(48.0)
    pitch = np.array([[45, 52, 60, 64], [41, 53, 57, 65], [43, 50, 59, 67]] * 4).ravel()
    lifts = [0.55 + 1.6 * i for i in range(13)]
    moves = [(lift + wait, value) for lift in lifts for wait, value in ((0.0, 0), (0.1, 100))]
    return Performance(
        name="chords",
        program=0,
        pitch=pitch,
        velocity=np.full(48, 80),
        onset_sec=onset,
        offset_sec=onset + 0.3,
        event=np.arange(48),
        pedal=tuple(moves) if pedal else (),
    )


@pytest.mark.parametrize("pedal", [False, True])
def test_the_pedal_is_heard(pedal: bool) -> None:
    played = broken_chords(pedal)
    as_heard = replace(played, offset_sec=sound_ends(played), pedal=())  # tinysoundfont knows no pedal
    (dry,) = render([as_heard], find_bundled_soundfont(), [0.0], ALIGN_SAMPLE_RATE_HZ)
    samples = bring_to_level(record(dry, ALIGN_SAMPLE_RATE_HZ, np.random.default_rng(3)))
    written = played.onset_sec + 0.4
    found = find_learned_offsets(
        samples, ALIGN_SAMPLE_RATE_HZ, played.pitch, played.onset_sec, written, 0.0, load_packaged_net(OFFSET_NET)
    )
    truth = sound_ends(played)
    assert np.mean(truth - played.onset_sec) == pytest.approx(1.04 if pedal else 0.3, abs=0.1)
    error = np.abs(found - truth)
    assert np.median(error) < 0.06
    assert error.mean() < (0.6 if pedal else 0.8) * np.abs(written - truth).mean()


def test_offsets_keep_their_bounds() -> None:
    rng = np.random.default_rng(0)
    noise = 0.1 * rng.standard_normal(5 * ALIGN_SAMPLE_RATE_HZ).astype(np.float32)
    onset = np.sort(rng.uniform(0, 4.99, 200))
    pitch = rng.integers(0, 128, 200)
    written = onset + rng.uniform(0.0, 30.0, 200)
    net = load_packaged_net(OFFSET_NET)
    found = find_learned_offsets(noise, ALIGN_SAMPLE_RATE_HZ, pitch, onset, written, 0.3, net)
    assert (found >= onset + MIN_NOTE_SEC - 1e-9).all()
    assert (found <= np.maximum(find_next_same(pitch, onset, MIN_NOTE_SEC), onset + MIN_NOTE_SEC) + 1e-9).all()
    assert (found <= np.maximum(5.0, onset + MIN_NOTE_SEC) + 1e-9).all()
    np.testing.assert_array_equal(
        found, find_learned_offsets(noise, ALIGN_SAMPLE_RATE_HZ, pitch, onset, written, 0.3, net)
    )
    alone = find_learned_offsets(noise[:300], ALIGN_SAMPLE_RATE_HZ, pitch[:1], np.zeros(1), np.ones(1), 0.0, net)
    assert alone[0] == MIN_NOTE_SEC


def test_a_note_nobody_hears_ends_about_where_the_score_says() -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal(20 * ALIGN_SAMPLE_RATE_HZ).astype(np.float32)
    onset = np.arange(0.5, 18.0, 0.5)
    pitch = np.array([60, 64, 67, 72, 71] * 7)
    found = find_learned_offsets(
        noise, ALIGN_SAMPLE_RATE_HZ, pitch, onset, onset + 0.5, 0.0, load_packaged_net(OFFSET_NET)
    )
    assert np.median(np.abs(found - onset - 0.5)) < 0.25


def test_mapped_offsets_follow_the_events() -> None:
    plan = plan_score(notes_of([(0, 1, 60), (1, 1, 62), (2, 2, 64)]))
    events = np.array([1.0, 1.5, 2.5])
    np.testing.assert_allclose(map_offsets(plan, events, events, 3.75), [1.5, 2.5, 3.75])
    np.testing.assert_allclose(map_offsets(plan, events, events + 2, 3.75), [3.03, 3.53, 4.53])


def test_next_same_is_the_next_of_the_pitch() -> None:
    found = find_next_same(np.array([60, 62, 60, 60, 60]), np.array([3.0, 0.0, 10.0, 0.0, 11.0]), 1.5)
    np.testing.assert_array_equal(found, [10.0, np.inf, np.inf, 3.0, np.inf])


def test_the_median_splits_a_frame() -> None:
    net = load_packaged_net(OFFSET_NET)
    channels = np.zeros((2, 9, CHANNEL_COUNT), np.float32)
    length = np.array([9, 4])
    logits = end_logits(net, channels, length)
    assert (logits[1, 4:] < -1e8).all()
    likely = np.exp(logits - logits.max(axis=1, keepdims=True))
    reached = np.cumsum(likely, axis=1) / likely.sum(axis=1, keepdims=True)
    edges = np.arange(-0.5, 9.0)
    for found, row in zip(end_frames(net, channels, length), reached, strict=True):
        assert np.interp(found, edges, np.append(0.0, row)) == pytest.approx(0.5, abs=1e-4)


def test_numpy_and_torch_agree(tmp_path: Path) -> None:
    torch.manual_seed(3)
    network = offset_net.Network()
    channels = np.random.default_rng(3).standard_normal((5, 30, CHANNEL_COUNT)).astype(np.float32)
    length = np.array([30, 12, 2, 29, 17])
    inside = np.arange(30) < length[:, None]
    channels *= inside[:, :, None]
    write_net(tmp_path / "net.npz", copy_weights(network), {"seed": 3})
    assert [p.name for p in tmp_path.iterdir()] == ["net.npz"]
    found = end_logits(load_net(tmp_path / "net.npz", OFFSET_NET), channels, length)
    expected = network(torch.from_numpy(channels), torch.from_numpy(inside)).detach().numpy()
    np.testing.assert_allclose(found[inside], expected[inside], atol=1e-4)


def test_bad_weights_are_refused(tmp_path: Path) -> None:
    good: dict[str, np.ndarray] = {f"weight{i}": np.zeros(layer.shape) for i, layer in enumerate(OFFSET_NET.layers)}
    good |= {f"bias{i}": np.zeros(layer.out_count) for i, layer in enumerate(OFFSET_NET.layers)}
    path = tmp_path / "net.npz"
    for name, wrong, reason in (
        ("weight0", np.zeros((2, 2, 2)), r"layers are .*, expected .*; train them again"),
        ("bias1", np.zeros(3), "expected"),
        ("weight1", good["weight1"] + np.nan, "holds weights that are not finite"),
    ):
        np.savez(path, allow_pickle=False, **(good | {name: wrong}))
        with pytest.raises(DataError, match=rf"net.npz: .*{reason}|net.npz: {reason}"):
            load_net(path, OFFSET_NET)
    np.savez(path, allow_pickle=False, **{k: v for k, v in good.items() if k != "bias2"})
    with pytest.raises(DataError, match="is not a set of offset net weights"):
        load_net(path, OFFSET_NET)
    path.write_text("no weights")
    with pytest.raises(DataError, match="is not a set of offset net weights"):
        load_net(path, OFFSET_NET)


def test_sound_ends_with_key_pedal_or_next_strike() -> None:
    played = Performance(
        name="four",
        program=0,
        pitch=np.array([60, 62, 60, 64]),
        velocity=np.full(4, 80),
        onset_sec=np.array([0.0, 0.5, 1.0, 3.0]),
        offset_sec=np.array([0.3, 0.7, 1.2, 3.4]),
        event=np.arange(4),
        pedal=((0.1, 64), (2.0, 63), (2.5, 127), (2.6, 0)),
    )
    np.testing.assert_allclose(sound_ends(played), [1.0, 2.0, 2.0, 3.4])
    np.testing.assert_allclose(sound_ends(replace(played, pedal=())), [0.3, 0.7, 1.2, 3.4])


@pytest.mark.parametrize("number", range(4))
def test_invented_pieces_are_playable(number: int) -> None:
    for invent in (invent_played, play_keyboard):
        made = invent(number, np.random.default_rng(number))
        check_played(made)
        assert np.isfinite(made.written_sec).all()
        np.testing.assert_array_equal(made.sound_end_sec, invent(number, np.random.default_rng(number)).sound_end_sec)


def check_played(made: Played) -> None:
    onset = made.performance.onset_sec
    assert len(made.performance) > 20
    assert (np.diff(onset) >= 0).all()
    known = np.isfinite(made.written_sec)
    assert (made.written_sec[known] > onset[known] - 0.1).all()
    assert (made.sound_end_sec >= onset + MIN_NOTE_SEC - 1e-9).all()
    assert (
        made.sound_end_sec
        >= np.minimum(made.performance.offset_sec, find_next_same(made.performance.pitch, onset, 1e-4)) - 1e-9
    ).all()


def test_human_performances_know_their_score(shared_data: Path) -> None:
    rng = np.random.default_rng(1)
    pianos = choose_pianos(shared_data / "vienna4x22")
    assert len(pianos) == 30
    made = play_piano(pianos[0], rng)
    check_played(made)
    assert np.isfinite(made.written_sec).mean() > 0.9
    assert (made.sound_end_sec > made.performance.offset_sec + 0.01).mean() > 0.3  # pedal
    names = choose_violins(shared_data / "bach-violin")
    assert len(names) == 81
    check_played(play_violin(shared_data / "bach-violin", *names[0], rng, 20.0))


def test_a_piano_performance_without_its_match_file_is_refused(shared_data: Path, tmp_path: Path) -> None:
    path = choose_pianos(shared_data / "vienna4x22")[0]
    (tmp_path / "midi").mkdir()
    copy = tmp_path / "midi" / path.name
    copy.write_bytes(path.read_bytes())
    with pytest.raises(DataError, match="there is no such match file"):
        play_piano(copy, np.random.default_rng(1))
    (tmp_path / "match").mkdir()
    (tmp_path / "match" / f"{path.stem}.match").write_text("info(piece,none).\n")
    with pytest.raises(DataError, match="holds no matched notes"):
        play_piano(copy, np.random.default_rng(1))


def test_the_training_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "net.npz"
    offset_net.main(["-o", str(path), "--performances", "2", "0", "0", "--epochs", "1"])
    printed = capsys.readouterr().out
    assert "2 performances" in printed
    assert "epoch 0: loss" in printed
    assert "held out" in printed
    load_net(path, OFFSET_NET)
    assert path.stat().st_size < 200_000
    with np.load(path) as stored:
        assert '"performances": [' in str(stored["about"])


def test_learning_finds_the_end_and_is_reproducible() -> None:
    rng = np.random.default_rng(4)
    length = rng.integers(10, 30, 100)
    end = rng.uniform(2, length - 2)
    frame = np.concatenate([np.arange(n) for n in length])
    channels = 0.1 * rng.standard_normal((len(frame), CHANNEL_COUNT))
    channels[:, 0] += np.tanh(np.repeat(end, length) - frame)
    examples = offset_net.Examples(channels.astype(np.float16), length, end, end + 3)
    one, two = (offset_net.fit(examples, 150, 1, lambda metrics, epoch: None) for _ in range(2))
    np.testing.assert_array_equal(copy_weights(one).weights[0], copy_weights(two).weights[0])
    assert np.median(offset_net.measure_error_ms(one, examples)) < 30
