"""The feature store keeps Parquet datasets, clips, splits, and the per-recording cache."""
