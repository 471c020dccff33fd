"""Arrays of the models that make sound, from a project's feature store; samples come from the recordings."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from dp.audio.level import scale_to_full_level
from dp.audio.mel import compute_log_mel
from dp.audio.reading import read_audio
from dp.config import MelConfig
from dp.data.arrays import (
    Arrays,
    BaselineClip,
    VocoderClip,
    build_baseline_arrays,
    build_synthesis_arrays,
    build_vocoder_arrays,
    list_performer_names,
)
from dp.data.clips import Float32Array
from dp.data.load import load_clips, load_performances, load_tuned_notes
from dp.data.stretches import SynthesisClip, transpose_stretch
from dp.data.voices import VoiceClip, VoiceRecording
from dp.errors import DataError
from dp.store.note_pitch import read_note_pitch
from dp.store.reading import read_mels, read_recordings

NOTE_MARGIN_FRAME = 64  # how far outside a clip notes still belong to it for models with local attention


def load_synthesis_arrays(
    data: Path,
    mel: MelConfig,
    data_note: str = "",
    level: str = "recording",
    margin_frame: int = 0,
    transpositions: Sequence[int] = (),
) -> Arrays[SynthesisClip]:
    """Load the arrays of the synthesis model; see `load_timing_arrays` and `build_synthesis_arrays`.

    The recordings are also taken transposed by so many semitones, to train on.
    """
    mels = dict(read_mels(data))
    arrays = build_synthesis_arrays(
        load_performances(data), load_clips(data), mels, mel, data_note, level, margin_frame
    )
    if not transpositions or not arrays.stretches:
        return arrays
    more = list(arrays.stretches)
    wanted = {stretch.recording_id for stretch in arrays.stretches}
    for recording in (item for item in read_recordings(data) if item.recording_id in wanted):
        own = [stretch for stretch in arrays.stretches if stretch.recording_id == recording.recording_id]
        for semitone in transpositions:
            # Samples at another rate, taken for those of ours, play faster or slower; nothing is missing at the top.
            rate_hz = round(mel.sample_rate_hz / 2.0 ** (semitone / 12.0))
            samples = scale_to_full_level(
                read_audio(recording.audio_path, rate_hz, recording.start_sec, recording.end_sec)
            )
            faster = compute_log_mel(samples, mel)
            more += [transpose_stretch(stretch, faster, semitone) for stretch in own]
    return replace(arrays, stretches=tuple(more))


def load_vocoder_arrays(data: Path, mel: MelConfig, data_note: str = "") -> Arrays[VocoderClip]:
    """Load the arrays of the vocoder, with samples decoded from the recordings; see `load_timing_arrays`."""
    clips = load_clips(data)
    samples = dict(load_samples(data, mel.sample_rate_hz, {clip.recording_id for clip in clips}))
    return build_vocoder_arrays(clips, dict(read_mels(data)), samples, mel, data_note)


def load_baseline_arrays(data: Path, mel: MelConfig, data_note: str = "") -> Arrays[BaselineClip]:
    """Load the arrays of the baseline; see `load_timing_arrays`."""
    return build_baseline_arrays(load_synthesis_arrays(data, mel, data_note), load_vocoder_arrays(data, mel, data_note))


def load_voice_arrays(data: Path, mel: MelConfig, sample_rate_hz: int, data_note: str = "") -> Arrays[VoiceClip]:
    """Load the arrays of voices, with samples decoded from the recordings at a rate; see `load_timing_arrays`."""
    clips = load_clips(data)
    recordings = load_voice_recordings(data, sample_rate_hz, {clip.recording_id for clip in clips})
    items = tuple(VoiceClip(clip, recordings[clip.recording_id]) for clip in clips)
    return Arrays(items, mel, list_performer_names(clips), data_note)


def load_voice_recordings(data: Path, sample_rate_hz: int, recording_ids: Collection[str]) -> dict[str, VoiceRecording]:
    """Load some accepted recordings by id: samples at a rate, notes and tracked pitch.

    Raises:
        DataError: a dataset is missing, damaged or does not fit the others.
    """
    tuned, curves = load_tuned_notes(data), dict(read_note_pitch(data, recording_ids))
    samples = dict(load_samples(data, sample_rate_hz, recording_ids))
    made = {}
    for recording in (item for item in read_recordings(data) if item.recording_id in recording_ids):
        name = recording.recording_id
        notes, tuning_cent = tuned[name].performed, tuned[name].tuning_cent
        if len(curves.get(name, ())) != len(notes):
            raise DataError(name, "has other notes than tracked pitches", "run `dp rebuild`")
        made[name] = VoiceRecording(name, recording.performer, samples[name], notes, curves[name], tuning_cent)
    return made


def load_samples(data: Path, sample_rate_hz: int, recording_ids: Collection[str]) -> Iterator[tuple[str, Float32Array]]:
    """Yield (recording_id, samples [L]) of some recordings, each at full level, one in memory at a time."""
    for recording in read_recordings(data):
        if recording.recording_id in recording_ids:
            slice_sec = (recording.start_sec, recording.end_sec)
            yield (
                recording.recording_id,
                scale_to_full_level(read_audio(recording.audio_path, sample_rate_hz, *slice_sec)),
            )
