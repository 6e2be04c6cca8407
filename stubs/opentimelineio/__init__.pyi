# What Faceplate uses of OpenTimelineIO, which ships no types.

from opentimelineio import adapters as adapters
from opentimelineio import core as core
from opentimelineio import media_linker as media_linker
from opentimelineio import opentime as opentime
from opentimelineio import schema as schema

__version__: str
