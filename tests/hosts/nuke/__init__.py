"""A fake of Foundry Nuke for tests of what runs inside it; README.md says what it imitates."""

from .kit import NukeKit
from .session import NotModelled
from .terminal import run_terminal

__all__ = ["NotModelled", "NukeKit", "run_terminal"]
