"""How good models are: metrics of their sound and their timing on the clips held out, beside simple baselines."""
