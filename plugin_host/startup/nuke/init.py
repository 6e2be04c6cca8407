"""Lets Nuke find Faceplate; scripts run by ``nuke -t`` import ``plugin_host.hosts.nuke``."""

import os
import sys

_ROOT = os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
)
if _ROOT not in sys.path:
    sys.path.append(_ROOT)  # last: nothing of Nuke's own is hidden by what lies there
