"""Compose the demo's pieces: short tonal studies for violin, made by rule, so that nobody's rights are touched."""

from collections.abc import Sequence

import numpy as np

from dp.corpora.demo.engraving import Bar, Sound, Study

_LOWEST, _HIGHEST = 55, 86  # the violin's open G string, and a comfortable top
_MAJOR, _MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)  # semitones above the tonic
# Rhythms of one bar, in ticks of 24 a quarter: bars of 4/4, the same dotted, of 3/4, of 6/8; own choice.
_PLAIN_4 = ((24, 24, 24, 24), (12, 12, 24, 12, 12, 24), (24, 12, 12, 48), (12,) * 8)
_DOTTED_4 = ((36, 12, 24, 24), (36, 12, 48), (18, 6, 24, 18, 6, 24), (24, 24, 36, 12))
_PLAIN_3 = ((24, 24, 24), (12,) * 6, (36, 12, 24), (48, 24))
_JIG = ((12,) * 6, (24, 12, 24, 12), (36, 12, 12, 12), (18, 6, 12, 36))


def compose_studies() -> tuple[Study, ...]:
    """Compose the six studies that the demo's players perform."""
    return (
        _compose_scales(),
        _compose_arpeggios(),
        _compose_double_stops(),
        _compose_rounds(),
        _compose_air(),
        _compose_jig(),
    )


def compose_unseen_study() -> Study:
    """Compose one study more, which nobody performs: for rendering."""
    rng = np.random.default_rng(107)
    bars = _compose_melody(rng, _list_scale(62, _MAJOR), [*_PLAIN_4, *_DOTTED_4], 10)
    return Study("unseen", "Unseen study", (*bars, _make_final_bar(62, 96)), 4, 4, 2, 92)


def _compose_scales() -> Study:
    rng = np.random.default_rng(101)
    scale = _list_scale(55, _MAJOR)
    bars = []
    for _ in range(5):
        first = int(rng.integers(0, 8))
        up = [scale[first + step] for step in (0, 1, 2, 3, 4, 5, 6, 7)]
        down = [scale[first + step] for step in (7, 5, 6, 4, 5, 3, 4, 2)]
        bars += [Bar(tuple(Sound((pitch,), 12) for pitch in run)) for run in (up, down)]
    return Study("scales", "Study in scales", (*bars, _make_final_bar(67, 96)), 4, 4, 1, 104)


def _compose_arpeggios() -> Study:
    scale = _list_scale(62, _MINOR)
    bars = []
    for root in (0, 3, 4, 0, 5, 1, 4, 0, 3, 4):
        chord = [scale[root + step] for step in (0, 2, 4, 7)]
        pattern = [chord[index] for index in (0, 1, 2, 3, 2, 1, 0, 2, 1, 3, 2, 1)]
        bars.append(Bar(tuple(Sound((pitch,), 6) for pitch in pattern)))
    return Study("arpeggios", "Study in broken chords", (*bars, _make_final_bar(62, 72)), 3, 4, -1, 76)


def _compose_double_stops() -> Study:
    rng = np.random.default_rng(103)
    scale = _list_scale(57, _MAJOR)
    bars = []
    for _ in range(8):
        sounds = []
        for tick in ((24, 24, 48), (48, 24, 24), (24, 24, 24, 24))[int(rng.integers(3))]:
            low = int(rng.integers(0, 7))
            steps = ((0, 2), (0, 5), (0, 2, 4), (0,))[int(rng.integers(4))]
            sounds.append(Sound(tuple(scale[low + step] for step in steps), tick))
        bars.append(Bar(tuple(sounds)))
    return Study("double-stops", "Study in double stops", (*bars, Bar((Sound((57, 64, 73), 96),))), 4, 4, 3, 80)


def _compose_rounds() -> Study:
    rng = np.random.default_rng(104)
    *body, first, second, tail = _compose_melody(rng, _list_scale(65, _MAJOR), _PLAIN_3, 7)
    bars = [Bar(body[0].sounds, opens_repeat=True), *body[1:]]
    bars += [
        Bar(first.sounds, closes_repeat=True, ending=1),
        Bar(second.sounds, ending=2),
        tail,
        _make_final_bar(65, 72),
    ]
    return Study("rounds", "Study with a repeat", tuple(bars), 3, 4, -1, 96)


def _compose_air() -> Study:
    rng = np.random.default_rng(105)
    scale = _list_scale(64, _MINOR)
    bars = []
    for bar in _compose_melody(rng, scale, _DOTTED_4, 8):
        head, *rest = bar.sounds
        above = scale[scale.index(head.pitches[0]) + 1]
        last = Sound((), rest[-1].tick) if rng.random() < 0.4 else rest[-1]
        bars.append(Bar((Sound(head.pitches, head.tick, grace=above), *rest[:-1], last)))
    return Study("air", "Air with grace notes", (*bars, _make_final_bar(64, 96)), 4, 4, 1, 72)


def _compose_jig() -> Study:
    rng = np.random.default_rng(106)
    bars = _compose_melody(rng, _list_scale(67, _MAJOR), _JIG, 13)
    return Study("jig", "Jig", (*bars, _make_final_bar(67, 72)), 6, 8, 1, 108)


def _list_scale(tonic: int, degrees: tuple[int, ...]) -> list[int]:
    """List every tone of the key within the violin's range, from the first tonic on."""
    tones = sorted(tonic + 12 * octave + degree for octave in range(-2, 4) for degree in degrees)
    return [tone for tone in tones if _LOWEST <= tone <= _HIGHEST]


def _compose_melody(
    rng: np.random.Generator, scale: list[int], rhythms: Sequence[tuple[int, ...]], bar_count: int
) -> list[Bar]:
    """Compose a walk along the scale, mostly by steps, in rhythms drawn anew for every bar."""
    place = len(scale) // 2
    bars = []
    for _ in range(bar_count):
        sounds = []
        for tick in rhythms[int(rng.integers(len(rhythms)))]:
            step = int(rng.choice([-3, -2, -1, 1, 2, 3], p=[0.06, 0.14, 0.3, 0.3, 0.14, 0.06]))
            place += step if 1 <= place + step < len(scale) - 1 else -step  # one tone is left for a grace note above
            sounds.append(Sound((scale[place],), tick))
        bars.append(Bar(tuple(sounds)))
    return bars


def _make_final_bar(pitch: int, tick: int) -> Bar:
    return Bar((Sound((pitch,), tick),))
