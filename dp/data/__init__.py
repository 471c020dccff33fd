"""From notes, mels and clip borders to what the models train on. All in memory: no batch waits for the disk."""
