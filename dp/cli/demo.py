"""Run `dp demo`: the whole job on a small corpus made on the spot, each step a command the user can run alone."""

from pathlib import Path

from dp.cli.console import note
from dp.errors import DataError

PRESET = "sketch"  # trained in a minute or two


def demo(project: Path | None, quiet: bool) -> int:
    """Render a score with the packaged voices; then build a dataset, train on it, evaluate, align one recording with a
    picture, and render the score with what was trained.
    """
    from dp.cli import align, render, training
    from dp.cli import project as commands
    from dp.config import PARAMS_FILE, AlignConfig, load_config
    from dp.corpora import list_recordings
    from dp.corpora.demo.corpus import NAME
    from dp.corpora.demo.make import write_unseen_score
    from dp.project import find_project, locate_corpus_root
    from dp.render.packaged import PACKAGED

    folder = find_project(project)
    corpus = load_config(folder / PARAMS_FILE).corpus
    if corpus.name != NAME:
        advice = "run dp rebuild --corpus demo first, if that is what you want"
        raise DataError(
            folder / PARAMS_FILE, f"the project is built from {corpus.name}, the demo would replace it", advice
        )
    results = folder / "demo"
    results.mkdir(exist_ok=True)
    score, first = results / "unseen.musicxml", results / "packaged.wav"
    write_unseen_score(score)
    note(f"dp render {score} -o {first} --model {PACKAGED}", quiet)
    code = render.render([str(score)], first, render.Wanted(), None, PACKAGED, None, folder, quiet, False)
    if code:
        return code
    note("dp rebuild --corpus demo", quiet)
    code = commands.rebuild(folder, NAME, None, None, None, quiet, False)
    if code:
        return code
    note(f"dp train --preset {PRESET}", quiet)
    training.train(folder, "all", PRESET, "auto", False, None, None, quiet, False)
    note(f"dp evaluate --preset {PRESET}", quiet)
    training.evaluate(folder, PRESET, False, quiet, False)
    root = locate_corpus_root(folder, corpus.root)
    recording = list_recordings(NAME, root).recordings[0]
    csv_path, picture = results / "alignment.csv", results / "alignment.png"
    note(f"dp align {recording.score_path} {recording.audio_path} -o {csv_path} --plot {picture}", quiet)
    config = AlignConfig()
    align.align_one(
        recording.score_path, recording.audio_path, csv_path, picture, None, None, None, config, quiet, False
    )
    audio = results / "unseen.wav"
    note(f"dp render {score} -o {audio} --performer {recording.performer}", quiet)
    wanted = render.Wanted(performer=recording.performer)
    return render.render([str(score)], audio, wanted, None, None, None, folder, quiet, False)
