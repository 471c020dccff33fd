"""What can be asked of a rendering, as plain values: a provenance file and a job can hold them as they are."""

from dataclasses import dataclass

from dp.errors import DataError

MAX_PEAK = 0.99  # of the waveform; a louder one is turned down, so that no file format clips it


@dataclass(frozen=True)
class Bounds:
    """Between which numbers an option makes sense."""

    low: float
    high: float
    unit: str = ""  # as it follows the number

    def check(self, name: str, value: float) -> float:
        """The value, if it lies within the bounds.

        Args:
            name: of the option, for the error.
            value: asked for.

        Raises:
            DataError: it does not, or is no number.
        """
        if not self.low <= value <= self.high:
            raise DataError(name, f"is {value:g}{self.unit}", f"give {self.low:g} to {self.high:g}")
        return value


BOUNDS = {  # of the fields of RenderOptions and OutputOptions, and of each pan
    "tempo_qpm": Bounds(1.0, 1000.0, " quarters per minute"),
    "tempo_factor": Bounds(0.05, 20.0, " times the score's"),
    "expression": Bounds(0.0, 5.0),
    "texture": Bounds(0.0, 2.0),
    "tuning_hz": Bounds(360.0, 500.0, " Hz"),  # French opera's low pitch and organs' high one lie well inside
    "sample_rate_hz": Bounds(8000, 192000, " Hz"),
    "pan": Bounds(-1.0, 1.0),
    "loudness_lufs": Bounds(-70.0, 0.0, " LUFS"),
}


@dataclass(frozen=True)
class RenderOptions:
    """How a score is to be performed."""

    performers: tuple[tuple[str, float], ...] = ()  # and their weights; empty = no performer in particular
    tempo_qpm: float | None = None  # of the beginning; None = the score's. Later marks keep their ratio to it
    tempo_factor: float = 1.0  # of all tempos
    expression: float = 1.0  # 0 = exactly as written, 1 = as learned, above = exaggerated
    texture: float = 0.5  # of the noise that real sound has around what a model predicts; 1 = as much as learned
    seed: int = 1  # of that noise
    parts: tuple[str, ...] = ()  # names or numbers from 1; empty = all
    movement: int | None = None  # of a score file that holds several, from 1; None = all of them
    start_bar: int | None = None  # first and last bar, as the score numbers them; None = from the beginning, to the end
    end_bar: int | None = None
    tuning_hz: float = 440.0  # of the A above middle C
    # Of voices and the soundfont alone:
    instruments: tuple[tuple[str, str], ...] = ()  # by part, as above; others are played by the score's instrument
    pans: tuple[tuple[str, float], ...] = ()  # by part, -1 left to 1 right; others are spread from left to right
    room: str | None = None  # a recording whose room it is, or "studio"; None = the performer's


@dataclass(frozen=True)
class OutputOptions:
    """What is written of a rendering. The container is that of the file's suffix."""

    sample_rate_hz: int | None = None  # None = that of the models
    loudness_lufs: float | None = None  # integrated (ITU-R BS.1770); None = as the models make it
    extras: bool = True  # beside the audio: MIDI, CSV, mel, picture and provenance


def check_bounds(options: RenderOptions | OutputOptions) -> None:
    """Refuse options that make no sense.

    Raises:
        DataError: a value lies outside its bounds.
    """
    for name, bounds in BOUNDS.items():
        value = getattr(options, name, None)
        if value is not None:
            bounds.check(name, value)
    for part, pan in getattr(options, "pans", ()):
        BOUNDS["pan"].check(f"pan of {part}", pan)
