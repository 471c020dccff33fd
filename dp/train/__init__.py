"""Training of the models from prepared arrays, and their evaluation. Needs torch and numpy alone."""
