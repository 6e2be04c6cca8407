"""The engine: its own process, which holds the restorer and turns plates into restored frames."""
