"""Adds the menu *Faceplate* when Nuke starts with a window; the engine starts when it is needed."""

import sys

from plugin_host.hosts.nuke import add_menu

if "nuke" in sys.modules:
    add_menu()
