"""`python -m tests.hosts.nuke -t script.py`: see terminal.py."""

import sys

from .terminal import main

sys.exit(main(sys.argv[1:]))
