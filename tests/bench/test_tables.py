from bench.align.compare import Cost
from bench.align.scoring import Figures
from bench.align.tables import CHACONNE, Goal, goals, goals_table, ratio_table


def figures(mean_ms: float, sound_end_ms: float) -> Figures:
    return Figures(mean_ms, 4.0, 20.0, (80.0, 90.0, 96.0, 99.6), 30.0, sound_end_ms, 0, 100)


RESULTS = {"ours": {"S1": figures(10.0, 60.0)}, "P": {"S1": figures(50.0, 120.0)}}


def test_ratios_are_ours_by_theirs() -> None:
    line = ratio_table(RESULTS, "ours", ("P", "Y"))[1]
    assert line.split() == ["S1", "ours/P", "0.20", "1.00", "1.00", "1.00", "0.50"]


def test_goals_are_judged_where_there_are_figures() -> None:
    costs = {"ours": Cost(6.0, 60.0, 300.0, {}), "P": Cost(30.0, 60.0, 300.0, {}), CHACONNE: Cost(1.0, 1.0, 460.0, {})}
    found = goals(RESULTS, costs, "ours")
    assert {goal.name: goal.met for goal in found} == {
        "S1 median, ms": True,
        "S1 within 50 ms, %": False,
        "S1 within 100 ms, %": True,
        "S1 mean, of P's": True,
        "S1 sound end, of P's": True,
        "CPU, of P's": False,
        "peak MB on the Chaconne alone": False,
    }
    assert costs["ours"].cpu_sec_per_minute == 6.0


def test_a_missed_goal_is_said() -> None:
    assert goals_table([Goal("a", 1.0, 2.0, at_least=True)])[1].split() == ["a", "1.00", ">=", "2", "MISSED"]
