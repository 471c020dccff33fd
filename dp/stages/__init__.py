"""One recording's work in each stage of the dataset: ingest, align, features."""
