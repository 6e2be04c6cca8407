"""Hypothesis, for every test: no example is timed, since machines are busy with other things."""

from hypothesis import HealthCheck, settings

settings.register_profile("faceplate", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("faceplate")
