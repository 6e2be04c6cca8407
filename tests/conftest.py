"""For every test: no example of Hypothesis is timed, since machines are busy with other things; and
no settings of whoever runs them are read.
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile("faceplate", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("faceplate")
os.environ["FACEPLATE_CONFIG"] = os.devnull
