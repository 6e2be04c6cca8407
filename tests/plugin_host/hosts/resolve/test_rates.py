from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin_host.errors import PlateError
from plugin_host.hosts.resolve.rates import drops_frames, rate, to_frames, to_timecode

NTSC = [
    (24, "23.976"),
    (24, "23.98"),
    (30, "29.97"),
    (48, "47.952"),
    (60, "59.94"),
    (120, "119.88"),
]


@pytest.mark.parametrize(("base", "said"), NTSC)
def test_when_a_rate_is_rounded_then_the_exact_fraction_is_meant(base, said):
    exact = Fraction(base * 1000, 1001)
    assert rate(said) == rate(float(said)) == rate(f"{said} DF") == exact


@pytest.mark.parametrize("said", [24, "24", "24.0", 24.0, "24 fps"])
def test_when_a_rate_is_whole_then_it_stays_so(said):
    assert rate(said) == 24


@pytest.mark.parametrize("said", ["", "0", "fast", "-24", None, "nan", "5000"])
def test_when_it_is_no_rate_then_it_is_refused(said):
    with pytest.raises(PlateError, match=r"such as 23\.976"):
        rate(said)


def test_when_other_rates_are_named_then_they_stay_as_they_are():
    assert [rate(said) for said in ("12.5", "23.5", "15")] == [Fraction(25, 2), Fraction(47, 2), 15]


@given(
    st.sampled_from(["23.976", "24", "25", "29.97", "30", "59.94", "60"]),
    st.integers(0, 23 * 3600 * 24 - 1),
    st.booleans(),
)
def test_when_a_frame_becomes_a_timecode_then_it_comes_back(said, frame, drop):
    drop = drop and said in {"29.97", "59.94"}
    exact = rate(said)
    assert to_frames(to_timecode(frame, exact, drop=drop), exact, drop=drop) == frame


@pytest.mark.parametrize(
    ("timecode", "said", "frame"),
    [
        ("01:00:00:00", "23.976", 86400),
        ("01:00:00;00", "29.97", 107892),
        ("00:00:59;29", "29.97", 1799),
        ("00:01:00;02", "29.97", 1800),
        ("00:10:00;00", "29.97", 17982),
        ("00:01:00;04", "59.94", 3600),
        ("01:00:00:12", "25", 90012),
    ],
)
def test_when_timecode_drops_frames_then_it_counts_as_the_standard_does(timecode, said, frame):
    drop = drops_frames(said, timecode)
    assert drop == (";" in timecode)
    assert to_frames(timecode, rate(said), drop=drop) == frame
    assert to_timecode(frame, rate(said), drop=drop) == timecode


@pytest.mark.parametrize("timecode", ["", "01:00:00", "1:00:00:00", "aa:bb:cc:dd"])
def test_when_it_is_no_timecode_then_it_is_refused(timecode):
    with pytest.raises(PlateError, match="01:00:00:00"):
        to_frames(timecode, Fraction(24))
