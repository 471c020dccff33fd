import numpy as np

from dp.audio import compute_constant_q


def test_a_tone_stands_at_its_pitch() -> None:
    samples = (0.5 * np.sin(2 * np.pi * 440.0 * np.arange(32000) / 16000)).astype(np.float32)
    result = compute_constant_q(samples, 16000)
    assert result.db.shape == (180, 63) and result.db.dtype == np.float32
    assert (result.frame_rate_hz, result.min_pitch, result.bins_per_semitone) == (31.25, 48.0, 3)
    assert (result.db[:, 20:40].argmax(axis=0) == (69 - 48) * 3).all()
    assert result.db.max() == 0.0 and result.db.min() >= -80.0


def test_a_tone_begins_in_its_frame() -> None:
    samples = np.zeros(32000, np.float32)
    samples[16000:] = 0.5 * np.sin(2 * np.pi * 880.0 * np.arange(16000) / 16000)
    level_db = compute_constant_q(samples, 16000, hop_sample=256).db[(81 - 48) * 3]
    assert abs(int(np.flatnonzero(level_db > -6.5)[0]) - 16000 / 256) <= 2


def test_silence() -> None:
    assert np.isfinite(compute_constant_q(np.zeros(16000, np.float32), 16000).db).all()
