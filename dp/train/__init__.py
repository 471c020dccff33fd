"""Training of the models from prepared arrays. The loops need torch and numpy alone."""
