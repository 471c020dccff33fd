"""Evaluation: metrics of the models' sound and timing on held-out clips, beside simple baselines."""
