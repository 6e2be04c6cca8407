"""The edge between files and values: EXR frames, movies, and the colour of what they hold."""
