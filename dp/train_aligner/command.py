"""What the commands that train the aligner's small networks have in common."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from dp.audio.synth import bundled_soundfont
from dp.train_aligner.performances import Performance


def parsed(
    module: str, description: str | None, performances: Sequence[int], epoch_count: int, arguments: list[str] | None
) -> argparse.Namespace:
    """The command line of `python -m module`.

    Args:
        module: the full name.
        description: of which the first line is shown.
        performances: how many by default: invented, violin, piano.
        epoch_count: by default.
        arguments: None: the process's own.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=(description or "").split("\n")[0])
    parser.add_argument("-o", "--output", type=Path, required=True, help="the weights, .npz")
    parser.add_argument("--bach-violin", type=Path, help="folder of the Bach Violin Dataset: human violin timing")
    parser.add_argument("--vienna", type=Path, help="folder of Vienna 4x22: human piano playing")
    parser.add_argument("--soundfont", type=Path, action="append", default=[], help="play with these (fluidsynth)")
    parser.add_argument(
        "--performances", type=int, nargs=3, default=performances, metavar=("INVENTED", "VIOLIN", "PIANO")
    )
    parser.add_argument("--epochs", type=int, default=epoch_count)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    given.soundfont = given.soundfont or [bundled_soundfont()]
    return given


def log_epoch(metrics: dict[str, float], epoch: int) -> None:
    """Print how training goes."""
    print(f"epoch {epoch}: loss {metrics['loss']:.3f}", flush=True)


def about_training(module: str, given: argparse.Namespace, performances: Sequence[Performance]) -> dict[str, object]:
    """What the weights' file says of its training: nothing that differs from one run to the next."""
    sources = (("bach-violin", given.bach_violin), ("vienna", given.vienna))
    return {
        "command": f"python -m {module}",
        "sources": [name for name, folder in sources if folder],
        "seed": given.seed,
        "epochs": given.epochs,
        "soundfonts": [soundfont.name for soundfont in given.soundfont],
        "performances": sorted(f"{p.name} program {p.program}" for p in performances),
    }
