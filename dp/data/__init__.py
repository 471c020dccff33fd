"""Arrays and batches that the models train on, made from notes, mels and clips. All of it stays in memory."""
