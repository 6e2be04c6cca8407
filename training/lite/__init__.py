"""Training of the default restorer, `lite`: `python -m training.lite --help`."""
