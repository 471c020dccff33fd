"""The demo corpus: studies composed, engraved and performed by rule, so that the whole job can be tried on the spot."""
