"""Make the demo corpus: studies composed, engraved and performed by rule, so that everything can be tried at once."""
