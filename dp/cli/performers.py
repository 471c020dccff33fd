"""Run `dp performers`: who plays in models, whose recordings they learned from, and which rooms they know."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dp.cli.console import report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dp.models.checkpoint import Checkpoint


def list_performers(model: str | None, project: Path | None, as_json: bool) -> int:
    """List the performers of models; without a name those that a rendering here would take."""
    from dp.cli.render import find_models
    from dp.models.voices.play import list_rooms
    from dp.render.ensemble import Ensemble, load_any

    found = load_any(find_models(model, project))
    if isinstance(found, Ensemble):
        facts = [
            _describe(name, voices.performer_names, [voices], list_rooms(voices))
            for name, voices in found.list_voices().items()
        ]
    else:
        checkpoints: list[Checkpoint[Any]] = [found.timing, found.synthesis, found.vocoder]
        facts = [_describe(found.name, found.performer_names, checkpoints, ())]
    text = "\n".join(line for item in facts for line in _write(item))
    report({"models": facts}, text or "no voices are installed: the General MIDI soundfont plays", False, as_json)
    return 0


def _describe(
    name: str, performers: "Sequence[str]", checkpoints: "Sequence[Checkpoint[Any]]", rooms: "Sequence[str]"
) -> dict[str, Any]:
    sources = sorted({source for checkpoint in checkpoints for source in checkpoint.trained_on})
    known = [
        {
            "name": performer,
            "recordings": [source.recording_id for source in sources if source.performer == performer],
            "licences": sorted({source.licence for source in sources if source.performer == performer}),
        }
        for performer in performers
    ]
    return {"name": name, "performers": known, "rooms": list(rooms)}


def _write(item: dict[str, Any]) -> list[str]:
    """Write what is known of a model in lines."""
    lines = [f"{item['name']}:"]
    for performer in item["performers"]:
        licences = ", ".join(performer["licences"]) or "unknown"
        recordings = ", ".join(performer["recordings"]) or "none that the model names"
        lines.append(f"  {performer['name']} (licence: {licences}); recordings: {recordings}")
    if not item["performers"]:
        lines.append("  tells no performers apart")
    if item["rooms"]:
        lines.append(f"  rooms: {', '.join(item['rooms'])}")
    return lines
