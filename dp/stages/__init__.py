"""Each stage of the dataset (ingest, align, features) does one recording's work here."""
