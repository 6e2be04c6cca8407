"""Pictures that we make, what we do to them, and the training on them; never loaded by the engine."""
