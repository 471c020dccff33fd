import numpy as np
import pytest

from dp.audio.embedding import EMBEDDING_SIZE, embed_sound
from dp.audio.transcription import find_transcriber_file
from dp.errors import DataError
from dp.metrics import compute_frechet_distance
from tests.metrics.sounds import RATE_HZ, sum_partials

TIME_SEC = np.arange(6 * RATE_HZ) / RATE_HZ


@pytest.fixture(autouse=True)
def installed() -> None:
    try:
        find_transcriber_file()
    except DataError as error:
        pytest.skip(str(error))


def play(hz: float, count: int) -> np.ndarray:
    noise = np.random.default_rng(0).normal(size=len(TIME_SEC))
    return (0.1 * sum_partials(hz, TIME_SEC, count) + 1e-4 * noise).astype(np.float32)


def test_a_vector_a_second() -> None:
    found = embed_sound(play(440.0, 8), RATE_HZ)
    assert found.shape == (6, EMBEDDING_SIZE)
    assert found[1] == pytest.approx(found[4], rel=0.2, abs=0.02)  # a steady tone
    assert embed_sound(play(440.0, 8)[:15000], RATE_HZ).shape == (0, EMBEDDING_SIZE)
    assert embed_sound(np.zeros(0, dtype=np.float32), RATE_HZ).shape == (0, EMBEDDING_SIZE)


def test_loudness_has_no_say_and_timbre_has() -> None:
    tone, soft, dull = play(440.0, 8), 0.1 * play(440.0, 8), play(440.0, 1)
    vectors = [embed_sound(sound.astype(np.float32), RATE_HZ) for sound in (tone, soft, dull)]
    assert vectors[1] == pytest.approx(vectors[0], abs=1e-3)
    assert compute_frechet_distance(vectors[2], vectors[0]) > 0.3


def test_the_same_sound_at_another_rate_is_as_near() -> None:
    import soxr

    tone = play(440.0, 8)
    other = embed_sound(soxr.resample(tone, RATE_HZ, 44100), 44100)
    assert other == pytest.approx(embed_sound(tone, RATE_HZ), abs=0.02)
