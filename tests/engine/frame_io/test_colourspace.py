from __future__ import annotations

import numpy as np
import pytest

from engine.frame_io.colour import PlateColour
from engine.frame_io.colourspace import LEGACY_NAMES, Resolved, resolve_colourspace
from plugin_host.errors import ColourspaceError

REC709 = (0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329)
AP1 = (0.713, 0.293, 0.165, 0.83, 0.128, 0.044, 0.32168, 0.33767)
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


def test_when_a_name_is_mistyped_then_the_nearest_are_named():
    with pytest.raises(ColourspaceError, match=r"near to it: .*arri logc4") as caught:
        resolve_colourspace("ARRI LogC5", {})
    assert caught.value.code == "request.colourspace"


@pytest.mark.parametrize("name", ["Cineon", "REDLogFilm", "Output - sRGB", "", "   "])
def test_when_a_name_has_no_definite_meaning_then_it_is_refused(name):
    with pytest.raises(ColourspaceError):
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
        ("data", "raw", None),
    ],
)
def test_when_a_space_is_spelled_as_hosts_spell_it_then_it_is_found(name, space, interop):
    assert resolve_colourspace(name, {}) == Resolved(space, interop, "requested")


@pytest.mark.parametrize("name", LEGACY_NAMES)
def test_when_a_legacy_name_is_used_then_the_pinned_config_holds_its_space(name):
    resolved = resolve_colourspace(name.upper(), {})
    assert resolved.interop is not None
    grey = np.full((3, 2, 2), 0.4, np.float32)
    assert np.isfinite(PlateColour(resolved).encode(grey)).all()


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


def test_when_a_studio_has_its_own_config_then_its_names_count(tmp_path, monkeypatch):
    studio(tmp_path, monkeypatch)
    assert resolve_colourspace("doubled", {}).space == "twice"
    assert resolve_colourspace("numbers", {}).space == "raw"
    assert resolve_colourspace("raw", {}).space == "raw"
    with pytest.raises(ColourspaceError, match="ACEScg"):
        resolve_colourspace("ACEScg", {})


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
