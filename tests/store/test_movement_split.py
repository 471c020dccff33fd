"""Which movements are held out with all who play them."""

from dp.store.splits import choose_valid_movements

PLAYERS = {f"m{i}": ("ann", "bo") for i in range(10)} | {"solo": ("ann",), "rare": ("ann", "cy")}


def test_about_the_share_is_held_out_and_the_seed_decides() -> None:
    chosen = choose_valid_movements(PLAYERS, seed=1, fraction=0.25)
    assert len(chosen) == 3
    assert chosen == choose_valid_movements(PLAYERS, seed=1, fraction=0.25)
    assert any(choose_valid_movements(PLAYERS, seed, 0.25) != chosen for seed in range(5))


def test_every_performer_keeps_a_movement_and_every_movement_has_two_to_tell_apart() -> None:
    for seed in range(20):
        chosen = choose_valid_movements(PLAYERS, seed, fraction=0.9)
        assert "solo" not in chosen and "rare" not in chosen
        left = [who for name, players in PLAYERS.items() if name not in chosen for who in players]
        assert {"ann", "bo", "cy"} <= set(left)


def test_none() -> None:
    assert choose_valid_movements(PLAYERS, 1, 0.0) == frozenset()
    assert choose_valid_movements({"m": ("ann", "bo")}, 1, 0.5) == frozenset()
