"""Find when every note of a score sounds in a recording, and say how sure that is.

`align` is all that others need; the heavy modules load when it is called.
"""

from collections.abc import Sequence

from dp.align.spectrum import ALIGN_SAMPLE_RATE_HZ
from dp.config import AlignConfig, check_align_method
from dp.types import Alignment, Repeat, Samples, ScoreNotes

__all__ = ["ALIGN_SAMPLE_RATE_HZ", "align"]


def align(
    samples: Samples,
    notes: ScoreNotes,
    config: AlignConfig,
    subject: str,
    repeats: Sequence[Repeat] = (),
) -> Alignment:
    """Find when each note of a score sounds in a recording.

    Args:
        samples: [L] mono at ALIGN_SAMPLE_RATE_HZ: an array, or what gives slices of them, as a
            `dp.audio.sample_file.SampleFile` does. Long recordings then take little memory by our own method.
        notes: the score's N notes.
        config: the method, and when to accept.
        subject: the recording's name, for errors.
        repeats: of the score, that may be played otherwise than they are written; the publication's method plays all
            as written.

    Returns:
        Times of all notes that are played, also where the score does not fit the recording: then `accepted` is false.

    Raises:
        DataError: there are no notes, or the samples are silent, not finite, or too few for so many notes; by the
            publication's method also: the samples are too many, or there is nothing to synthesize the score with.
    """
    check_align_method(config.method, "align.method")
    if config.method == "publication":
        from dp.align.publication.align import align_publication

        return align_publication(samples[:], notes, config, subject)
    from dp.align.pipeline import align_notes

    return align_notes(samples, notes, config, subject, repeats)
