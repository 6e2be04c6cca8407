"""Training of SVFR's tiny configuration by the paper's losses: `python -m training.svfr --help`."""
