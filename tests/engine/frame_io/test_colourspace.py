from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.frame_io.colour import PlateColour
from engine.frame_io.colourspace import Resolved, _folded, fold, resolve_colourspace
from engine.frame_io.spaces import ALIASES
from plugin_host.errors import ColourspaceError

REC709 = (0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329)
AP1 = (0.713, 0.293, 0.165, 0.83, 0.128, 0.044, 0.32168, 0.33767)
_CANON_3 = "ocio:canonlog3_cgamutd55_scene"
_DAVINCI = "ocio:davinci_dwg_scene"
STUDIO = """\
ocio_profile_version: 2
strictparsing: true
roles:
  default: studio linear
  scene_linear: studio linear{interchange}
file_rules:
  - !<Rule> {{name: Default, colorspace: default}}
displays:
  screen:
    - !<View> {{name: plain, colorspace: studio linear}}
colorspaces:
  - !<ColorSpace>
    name: studio linear
  - !<ColorSpace>
    name: twice
    aliases: [Doubled]
    from_scene_reference: !<MatrixTransform>
      matrix: [2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1]
  - !<ColorSpace>
    name: S-Log3 S-Gamut3.Cine
  - !<ColorSpace>
    name: Show (Log-1)
  - !<ColorSpace>
    name: Show Log 1
  - !<ColorSpace>
    name: numbers
    isdata: true
"""
INTERCHANGE = "\n  aces_interchange: studio linear"


@pytest.fixture(autouse=True)
def no_config_of_the_house(monkeypatch):
    monkeypatch.delenv("OCIO", raising=False)


def studio(tmp_path, monkeypatch, interchange=INTERCHANGE):
    path = tmp_path / "studio.ocio"
    path.write_text(STUDIO.format(interchange=interchange))
    monkeypatch.setenv("OCIO", str(path))


@pytest.mark.parametrize(
    ("requested", "attributes", "rule", "space", "evidence"),
    [
        ("ACEScct", {"colorInteropID": "lin_ap0_scene"}, "raw", "ACEScct", "requested"),
        (
            None,
            {"colorInteropID": "lin_ap1_scene", "acesImageContainerFlag": 1},
            "raw",
            "ACEScg",
            "colorInteropID",
        ),
        (
            None,
            {"acesImageContainerFlag": 1, "chromaticities": REC709},
            "raw",
            "ACES2065-1",
            "acesImageContainerFlag",
        ),
        (None, {"chromaticities": AP1}, "ACEScg", "ACEScg", "chromaticities"),
        (None, {"chromaticities": REC709}, "ACEScg", "ACEScg", "rule"),
        (None, {"chromaticities": (0.5,) * 8}, "ACEScg", "ACEScg", "rule"),
        (None, {"colorInteropID": "unknown"}, "ACEScg", "ACEScg", "rule"),
        (None, {"acesImageContainerFlag": 0}, "raw", "raw", "rule"),
        ("", {}, "ACEScg", "ACEScg", "rule"),
    ],
)
def test_when_evidence_is_of_several_kinds_then_the_strongest_counts(
    requested, attributes, rule, space, evidence
):
    resolved = resolve_colourspace(requested, attributes, rule)
    assert (resolved.space, resolved.evidence) == (space, evidence)


def test_when_nothing_says_the_space_then_the_choices_are_named():
    with pytest.raises(ColourspaceError, match=r"does not say.*lin_ap1_scene.*raw"):
        resolve_colourspace(None, {"compression": 3})


def test_when_only_chromaticities_are_there_then_they_are_a_suggestion():
    with pytest.raises(ColourspaceError, match="suggest lin_ap1_scene"):
        resolve_colourspace(None, {"chromaticities": AP1})
    with pytest.raises(ColourspaceError) as caught:
        resolve_colourspace(None, {"chromaticities": (0.5,) * 8})
    assert "suggest" not in str(caught.value)


@pytest.mark.parametrize(
    ("interop_id", "said"), [("data", "data"), ("vendor:log9", "vendor:log9.*colorInteropID")]
)
def test_when_the_files_own_id_cannot_be_used_then_only_a_request_helps(interop_id, said):
    attributes = {"colorInteropID": interop_id, "acesImageContainerFlag": 1}
    with pytest.raises(ColourspaceError, match=said):
        resolve_colourspace(None, attributes, "ACEScg")
    assert resolve_colourspace("raw", attributes).evidence == "requested"


def test_when_a_name_is_mistyped_then_the_nearest_are_named_as_they_are_spelled():
    with pytest.raises(ColourspaceError) as caught:
        resolve_colourspace("ARRI LogC5", {})
    assert caught.value.code == "request.colourspace"
    near = caught.value.message.partition("near to it: ")[2].partition(";")[0].split(", ")
    assert {"ARRI LogC4", "ARRI LogC3"} <= set(near)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("LogC", ["ARRI LogC4", "ARRI LogC3 (EI800)"]),
        ("S-Log", ["S-Log S-Gamut", "S-Log2 S-Gamut", "S-Log3 S-Gamut3"]),
        ("S-Gamut3.Cine", ["Linear S-Gamut3.Cine", "S-Log3 S-Gamut3.Cine"]),
        ("Canon Cinema Gamut", ["Linear CinemaGamut D55", "CanonLog3 CinemaGamut D55"]),
        ("P3-D65", ["Linear P3-D65", "P3-D65 - Display", "sRGB Encoded P3-D65"]),
        ("ST2084", ["Rec.2100-PQ - Display", "ST2084-P3-D65 - Display"]),
        ("Rec.2020", ["Linear Rec.2020", "Rec.1886 Rec.2020 - Display"]),
        ("Log", ["Cineon", "Apple Log", "or one of 10 more"]),
        ("RED", ["Linear REDWideGamutRGB or Log3G10 REDWideGamutRGB;"]),
    ],
)
def test_when_a_name_is_a_part_of_several_then_it_says_which_it_could_be(name, said):
    with pytest.raises(ColourspaceError, match="could be") as caught:
        resolve_colourspace(name, {})
    assert [text for text in said if text not in caught.value.message] == []


def test_when_a_name_is_a_part_of_one_then_that_one_is_the_nearest():
    with pytest.raises(ColourspaceError, match=r"near to it: Rec\.2100-HLG - Display"):
        resolve_colourspace("HLG", {})


@pytest.mark.parametrize(
    "name", ["Output - sRGB", "REDSpace", "HybridLogGamma", "S-Log3 - Curve", "", "   ", "()", "x"]
)
def test_when_a_name_has_no_definite_meaning_then_it_is_refused(name):
    with pytest.raises(ColourspaceError):
        resolve_colourspace(name, {})


@pytest.mark.parametrize("name", ["data", "None"])
def test_when_a_space_holds_data_then_it_is_refused_with_the_reason(name):
    with pytest.raises(ColourspaceError, match=r"holds data, not colour.*raw to take"):
        resolve_colourspace(name, {})


@pytest.mark.parametrize(
    ("name", "space", "interop"),
    [
        ("lin_ap1_scene", "ACEScg", "lin_ap1_scene"),
        ("acescg", "ACEScg", "lin_ap1_scene"),
        ("ACES - ACEScg", "ACEScg", "lin_ap1_scene"),
        ("scene_linear", "ACEScg", "lin_ap1_scene"),
        ("scene_linear (ACES - ACEScg)", "ACEScg", "lin_ap1_scene"),
        ("ACEScg\tscene_linear", "ACEScg", "lin_ap1_scene"),
        ("Linear Rec.709 (sRGB)", "Linear Rec.709 (sRGB)", "lin_rec709_scene"),
        ("Utility - Linear - sRGB", "Linear Rec.709 (sRGB)", "lin_rec709_scene"),
        ("lin_ap0_scene", "ACES2065-1", "lin_ap0_scene"),
        ("sRGB", "sRGB Encoded Rec.709 (sRGB)", "srgb_rec709_scene"),
        ("sRGB - Display", "sRGB - Display", "srgb_rec709_display"),
        ("srgb_rec709_display", "sRGB - Display", "srgb_rec709_display"),
        ("g24_rec709_scene", "Gamma 2.4 Encoded Rec.709", "g24_rec709_scene"),
        ("ocio:arrilogc4_awg4_scene", "ARRI LogC4", "ocio:arrilogc4_awg4_scene"),
        ("Gamma 2.2", "Gamma 2.2 Encoded Rec.709", "g22_rec709_scene"),
        ("RAW", "raw", None),
        ("Utility - Raw", "raw", None),
        ("scene_linear (ACEScg)", "ACEScg", "lin_ap1_scene"),
        ("ACEScct - CSC", "ACEScct", "ocio:acescct_ap1_scene"),
        ("sRGB (Linear) - CSC", "Linear Rec.709 (sRGB)", "lin_rec709_scene"),
        ("Canon Log 3 / Cinema Gamut D55", "CanonLog3 CinemaGamut D55", _CANON_3),
        ("Rec.1886 / Rec.709 display", "Rec.1886 Rec.709 - Display", "g24_rec709_display"),
        ("S-Log3 (S-Gamut3)", "S-Log3 S-Gamut3", "ocio:slog3_sgamut3_scene"),
        ("DaVinci Intermediate / Wide Gamut", "DaVinci Intermediate WideGamut", _DAVINCI),
        ("Apple Log 2", "Apple Log 2", "ocio:applelog_applewg_scene"),
        ("g26_p3d65_display", "P3-D65 - Display", "g26_p3d65_display"),
        ("cineon", "Cineon", None),
    ],
)
def test_when_a_space_is_spelled_as_hosts_spell_it_then_it_is_found(name, space, interop):
    assert resolve_colourspace(name, {}) == Resolved(space, interop, "requested")


@pytest.mark.parametrize("space", ALIASES)
def test_when_a_host_has_a_name_for_a_space_then_it_is_that_space(space):
    for alias in (space, *ALIASES[space]):
        assert resolve_colourspace(alias, {}).space == space, alias


def test_when_names_are_folded_then_none_has_two_meanings():
    assert {name: spaces for name, spaces in _folded("").items() if len(spaces) > 1} == {}


SEPARATORS = st.text(" -_./()[]", max_size=3)
NAMES = st.sampled_from([next(iter(spaces.values())) for spaces in _folded("").values()])


@given(NAMES, st.data())
def test_when_only_case_and_separators_differ_then_it_is_the_same_name(name, data):
    letters = [letter for letter in name if letter.isalnum()]
    cases = data.draw(st.lists(st.booleans(), min_size=len(letters), max_size=len(letters)))
    respelled = "".join(
        (letter.upper() if upper else letter.lower()) + data.draw(SEPARATORS)
        for letter, upper in zip(letters, cases, strict=True)
    )
    assert fold(respelled) == fold(name)
    if fold(name) not in {"raw", "utilityraw", "none", "data"}:
        assert resolve_colourspace(respelled, {}) == resolve_colourspace(name, {})


@given(st.text(max_size=60))
def test_when_a_name_is_anything_then_it_is_a_space_or_a_clear_refusal(name):
    assert fold(fold(name)) == fold(name)
    with suppress(ColourspaceError):
        assert resolve_colourspace(name, {}).space


def test_when_ocio_is_a_bad_path_then_the_message_says_so(monkeypatch):
    monkeypatch.setenv("OCIO", "/nowhere/config.ocio")
    with pytest.raises(ColourspaceError, match=r"\$OCIO is /nowhere/config.ocio"):
        resolve_colourspace("ACEScg", {})


def test_when_ocio_is_no_config_then_the_message_says_so(monkeypatch, tmp_path):
    (tmp_path / "config.ocio").write_text("- not a config")
    monkeypatch.setenv("OCIO", str(tmp_path / "config.ocio"))
    with pytest.raises(ColourspaceError, match=r"\$OCIO"):
        resolve_colourspace("ACEScg", {})


def test_when_ocio_is_empty_then_the_pinned_config_is_used(monkeypatch):
    monkeypatch.setenv("OCIO", "")
    assert resolve_colourspace("ARRI LogC4", {}).space == "ARRI LogC4"


def test_when_a_studio_has_its_own_config_then_its_names_come_first(tmp_path, monkeypatch):
    studio(tmp_path, monkeypatch)
    for name, space in [("doubled", "twice"), ("scene_linear", "studio linear")]:
        resolved = resolve_colourspace(name, {})
        assert (resolved.space, resolved.config) == (space, str(tmp_path / "studio.ocio"))
    assert resolve_colourspace("raw", {}) == Resolved("raw", None, "requested")
    assert resolve_colourspace("raw", {}).config == "none"
    with pytest.raises(ColourspaceError, match=r"numbers.*data"):
        resolve_colourspace("numbers", {})


@pytest.mark.parametrize("name", ["SLog3", "ocio:slog3_sgamut3cine_scene", "S-Gamut3.Cine/S-Log3"])
def test_when_a_studio_declares_what_a_host_names_then_the_studios_space_counts(
    tmp_path, monkeypatch, name
):
    studio(tmp_path, monkeypatch)
    resolved = resolve_colourspace(name, {})
    assert resolved.space == "S-Log3 S-Gamut3.Cine"
    assert resolved.interop == "ocio:slog3_sgamut3cine_scene"
    assert resolved.config == str(tmp_path / "studio.ocio")


def test_when_a_studio_config_lacks_a_name_then_the_built_in_one_has_it(tmp_path, monkeypatch):
    studio(tmp_path, monkeypatch, interchange="")
    resolved = resolve_colourspace("AlexaV3LogC", {})
    assert (resolved.space, resolved.config) == ("ARRI LogC3 (EI800)", "built in")
    codes = np.full((3, 2, 2), 0.391007, np.float32)
    assert PlateColour(resolved).encode(codes) == pytest.approx(0.461356, abs=1e-5)


def test_when_two_names_of_a_config_are_alike_then_only_their_exact_spelling_counts(
    tmp_path, monkeypatch
):
    studio(tmp_path, monkeypatch)
    assert resolve_colourspace("show (log-1)", {}).space == "Show (Log-1)"
    assert resolve_colourspace("Show Log 1", {}).space == "Show Log 1"
    with pytest.raises(ColourspaceError, match=r"could be Show \(Log-1\) or Show Log 1"):
        resolve_colourspace("ShowLog1", {})


def test_when_a_studio_config_names_its_interchange_then_its_plates_are_converted(
    tmp_path, monkeypatch
):
    studio(tmp_path, monkeypatch)
    grey = np.full((3, 4, 5), 0.18, np.float32)
    twice = PlateColour(resolve_colourspace("twice", {}))
    monkeypatch.delenv("OCIO")
    aces = PlateColour(resolve_colourspace("ACES2065-1", {}))
    encoded = twice.encode(2 * grey)
    assert np.allclose(encoded, aces.encode(grey), atol=1e-6)
    restored = encoded + np.float32(0.02)
    assert np.allclose(twice.delta(encoded, restored), 2 * aces.delta(encoded, restored), rtol=1e-4)


def test_when_a_studio_config_leads_nowhere_then_the_plate_is_refused(tmp_path, monkeypatch):
    studio(tmp_path, monkeypatch, interchange="")
    with pytest.raises(ColourspaceError, match="no way between twice"):
        PlateColour(resolve_colourspace("twice", {}))
