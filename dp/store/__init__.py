"""The feature store: Parquet datasets in and out, clips, splits, and the per-recording cache."""
