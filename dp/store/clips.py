"""Find where clips begin and end, and pack their log-mels."""

import numpy as np
import numpy.typing as npt

from dp.errors import DataError
from dp.units import find_clip_border_frame, sec_to_frame

SHORTEST_CLIP_SEC = 1.0  # own choice; see `find_clip_bounds`
MEL_DTYPE = "float16"  # half the size; its error at -11.5, the natural log of the floor, is below 0.004

FloatMel = npt.NDArray[np.float32]


def find_clip_bounds(frame_count: int, rate_hz: float) -> tuple[tuple[int, int], ...]:
    """Find the frames [start, end) of each clip of a recording.

    Clip i is frames round(312.5 i) to round(312.5 (i+1)) at the publication's 62.5 frames per second. What is left at
    the end makes a shorter last clip when it lasts SHORTEST_CLIP_SEC or more, and is left out otherwise: a shorter one
    teaches next to nothing. A recording that is shorter than that altogether is one clip.
    """
    shortest_frame = int(sec_to_frame(SHORTEST_CLIP_SEC, rate_hz))
    bounds: list[tuple[int, int]] = []
    while True:
        start, end = (find_clip_border_frame(len(bounds) + i, rate_hz) for i in (0, 1))
        end = min(end, frame_count)
        if end <= start or (end - start < shortest_frame and bounds):
            return tuple(bounds)
        bounds.append((start, end))


def make_clip_id(recording_id: str, clip_index: int) -> str:
    """Make the id of a clip: that of its recording, and the clip's index in four digits."""
    return f"{recording_id}/{clip_index:04d}"


def pack_mel(mel: FloatMel) -> bytes:
    """Pack a log-mel [T, M] as row-major bytes of MEL_DTYPE."""
    return np.ascontiguousarray(mel, dtype=MEL_DTYPE).tobytes()


def unpack_mel(data: bytes, frame_count: int, band_count: int, dtype: str, subject: object) -> FloatMel:
    """Unpack bytes of the store to a log-mel [T, M] in float32.

    Raises:
        DataError: there are too many bytes, or too few, for the shape.
    """
    flat = np.frombuffer(data, dtype=dtype)
    if len(flat) != frame_count * band_count:
        raise DataError(subject, f"has {len(flat)} mel values, expected {frame_count} x {band_count}", "run dp rebuild")
    return flat.reshape(frame_count, band_count).astype(np.float32)
