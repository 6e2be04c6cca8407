"""A folder for Nuke's plug-in path: `init.py` runs in every mode, `menu.py` with a window."""
