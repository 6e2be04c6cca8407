"""Faceplate: write jobs of the chosen clips for the studio's farm."""

import sys

# `faceplate install resolve` writes here where plugin_host and the program `faceplate` lie.
FOLDER = ""
ENGINE = ""

sys.path.insert(0, FOLDER)
try:
    from plugin_host.hosts.resolve import scripts
except ImportError as error:
    sys.stdout.write(
        f"Faceplate is not installed for Resolve (looked in {FOLDER!r}: {error}). "
        "Run: faceplate install resolve\n"
    )
else:
    scripts.farm(globals())
