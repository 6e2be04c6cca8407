"""Pictures that we make, what we do to them, and training on them; the engine never loads it."""
