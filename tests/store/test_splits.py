"""Which clips and recordings are held out."""

from hypothesis import given
from hypothesis import strategies as st

from dp.store.splits import choose_valid_clips, choose_valid_recordings

CLIPS = [f"r{i // 20}/{i % 20:04d}" for i in range(400)]


def test_clip_split_takes_about_its_share_and_depends_on_the_seed() -> None:
    chosen = choose_valid_clips(CLIPS, seed=1, fraction=0.1)
    assert 25 <= len(chosen) <= 55
    assert chosen != choose_valid_clips(CLIPS, seed=2, fraction=0.1)


def test_clip_split_is_the_same_everywhere() -> None:
    assert sorted(choose_valid_clips(CLIPS[:40], seed=1, fraction=0.1)) == ["r1/0001", "r1/0010"]


def test_a_corpus_that_grows_moves_no_clip() -> None:
    before = choose_valid_clips(CLIPS[:200], seed=1, fraction=0.1)
    assert before == choose_valid_clips(CLIPS, seed=1, fraction=0.1) & set(CLIPS[:200])


def test_few_clips_still_have_one_for_validation() -> None:
    assert len(choose_valid_clips(["a", "b", "c"], seed=1, fraction=0.001)) == 1
    assert choose_valid_clips(["a"], seed=1, fraction=0.001) == frozenset()
    assert choose_valid_clips(["a", "b", "c"], seed=1, fraction=0.0) == frozenset()


@given(
    st.dictionaries(st.text("abcdefgh", min_size=1), st.sampled_from(["ada", "bruno", "clara"]), min_size=2),
    st.integers(0, 99),
)
def test_every_performer_who_has_two_recordings_stays_known(performers: dict[str, str], seed: int) -> None:
    held_out = choose_valid_recordings(performers, seed, fraction=0.5)
    assert held_out
    left = {performer for recording, performer in performers.items() if recording not in held_out}
    for performer in performers.values():
        if list(performers.values()).count(performer) > 1:
            assert performer in left


def test_recordings_of_different_performers_leave_one_out() -> None:
    assert len(choose_valid_recordings({"a": "ada", "b": "bruno", "c": "clara"}, seed=1, fraction=0.5)) == 1


def test_the_held_out_share_of_recordings() -> None:
    performers = {f"r{i}": "ada" for i in range(20)}
    assert len(choose_valid_recordings(performers, seed=1, fraction=0.1)) == 2
    assert len(choose_valid_recordings(performers, seed=1, fraction=0.01)) == 1
    assert choose_valid_recordings({"a": "ada"}, seed=1, fraction=0.5) == frozenset()


def test_chosen_recordings_are_held_out_where_they_are_there() -> None:
    assert choose_valid_recordings({"a": "ada", "b": "ada"}, 1, 0.1, chosen=("b", "rejected")) == {"b"}
