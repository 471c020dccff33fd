"""What the benchmark prints: figures, cost, and how they stand to the targets."""

from dataclasses import dataclass

from bench.align.compare import Cost
from bench.align.scoring import WITHIN_MS, Figures

Results = dict[str, dict[str, Figures]]  # system, suite
_WIDTH = 36
CHACONNE = "ray-chen_bwv1004_mov5"


@dataclass(frozen=True)
class Goal:
    """One of the project's targets and what was measured."""

    name: str
    measured: float
    bound: float
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Whether the bound is kept."""
        return self.measured >= self.bound if self.at_least else self.measured <= self.bound


def figures_table(results: Results) -> list[str]:
    """A line for each suite and system."""
    heads = ["mean", "median", "p95", *(f"<{within}" for within in WITHIN_MS), "offset", "sound", "lost", "notes"]
    lines = [f"{'onset errors in ms, % within':{_WIDTH}s}" + "".join(f"{head:>8s}" for head in heads)]
    for suite in sorted({suite for of_system in results.values() for suite in of_system}):
        for system, of_suite in results.items():
            if suite in of_suite:
                lines.append(figures_line(f"{suite} {system}", of_suite[suite]))
    return lines


def figures_line(name: str, figures: Figures) -> str:
    """One line of the table."""
    values = [figures.mean_ms, figures.median_ms, figures.p95_ms, *figures.within_percent]
    values += [figures.offset_ms, figures.sound_end_ms]
    numbers = "".join(f"{value:8.1f}" for value in values)
    return f"{name:{_WIDTH}s}{numbers}{figures.lost:8d}{figures.notes:8d}"


def cost_table(costs: dict[str, Cost]) -> list[str]:
    """A line for each process."""
    lines = [f"{'cost of one process':{_WIDTH}s}{'CPU s':>8s}{'min':>8s}{'s/min':>8s}{'peak MB':>8s}"]
    for name, cost in costs.items():
        minutes = cost.audio_sec / 60
        numbers = f"{cost.cpu_sec:8.1f}{minutes:8.1f}{cost.cpu_sec_per_minute:8.2f}{cost.peak_mb:8.0f}"
        lines.append(f"{name:{_WIDTH}s}{numbers}{'  (an earlier run)' if cost.reused else ''}")
    return lines


def ratio_table(results: Results, ours: str, peers: tuple[str, ...]) -> list[str]:
    """Ours by each peer's, suite by suite."""
    heads = ["mean", "median", "p95", "offset", "sound"]
    lines = [f"{'ratios of errors':{_WIDTH}s}" + "".join(f"{head:>8s}" for head in heads)]
    for suite, own in results.get(ours, {}).items():
        for peer in peers:
            if suite in results.get(peer, {}):
                values = zip(_errors(own), _errors(results[peer][suite]), strict=True)
                numbers = "".join(f"{a / b:8.2f}" for a, b in values)
                lines.append(f"{f'{suite} {ours}/{peer}':{_WIDTH}s}{numbers}")
    return lines


def goals(results: Results, costs: dict[str, Cost], ours: str) -> list[Goal]:
    """The targets for which there are figures."""
    found, own = [], results.get(ours, {})
    publication = results.get("P", {})
    for suite, within_50, within_100 in (("S1", 97.0, 99.0), ("S2", 99.0, 99.5)):
        if suite not in own:
            continue
        figures = own[suite]
        found.append(Goal(f"{suite} median, ms", figures.median_ms, 5.0))
        found.append(Goal(f"{suite} within 50 ms, %", figures.within_percent[2], within_50, True))
        found.append(Goal(f"{suite} within 100 ms, %", figures.within_percent[3], within_100, True))
        if suite in publication:
            peer = publication[suite]
            found.append(Goal(f"{suite} mean, of P's", figures.mean_ms / peer.mean_ms, 0.25))
            bound = 0.6 if suite == "S1" else 0.7
            found.append(Goal(f"{suite} sound end, of P's", figures.sound_end_ms / peer.sound_end_ms, bound))
    for peer_name, bound in (("P", 0.15), ("Y", 0.2)):
        if ours in costs and peer_name in costs:
            ratio = costs[ours].cpu_sec_per_minute / costs[peer_name].cpu_sec_per_minute
            found.append(Goal(f"CPU, of {peer_name}'s", ratio, bound))
    if CHACONNE in costs:
        found.append(Goal("peak MB on the Chaconne alone", costs[CHACONNE].peak_mb, 450.0))
    return found


def goals_table(found: list[Goal]) -> list[str]:
    """A line for each target."""
    lines = [f"{'targets':{_WIDTH}s}{'measured':>10s}{'target':>10s}"]
    for goal in found:
        bound = f"{'>=' if goal.at_least else '<='} {goal.bound:g}"
        lines.append(f"{goal.name:{_WIDTH}s}{goal.measured:10.2f}{bound:>10s}  {'met' if goal.met else 'MISSED'}")
    return lines


def _errors(figures: Figures) -> tuple[float, ...]:
    return figures.mean_ms, figures.median_ms, figures.p95_ms, figures.offset_ms, figures.sound_end_ms
