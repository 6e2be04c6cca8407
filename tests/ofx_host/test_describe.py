import plistlib
import subprocess
import threading
from pathlib import Path

import pytest

from tests.ofx_host.conftest import descriptors, is_sanitized, threads
from tests.ofx_host.host import (
    BAD_HANDLE,
    BYTE,
    FILTER,
    FLOAT,
    GENERAL,
    HALF,
    NO_FEATURE,
    OK,
    REPLY_DEFAULT,
    RGBA,
    SHORT,
    Effect,
    Host,
    Props,
)

# In saved projects, for ever: names and types may be added, and nothing else may change here.
PARAMETERS = {
    "take": "String",
    "source": "Choice",
    "splitPosition": "Double",
    "mix": "Double",
    "matteGroup": "Group",
    "matteGain": "Double",
    "matteGrow": "Double",
    "frameGroup": "Group",
    "missing": "Choice",
    "deadline": "Double",
    "frameOffset": "Integer",
    "frameAlpha": "Choice",
    "engine": "String",
    "restoreGroup": "Group",
    "plate": "String",
    "colourspace": "String",
    "shot": "String",
    "range": "String",
    "output": "String",
    "restorer": "String",
    "learn": "Boolean",
    "restoreRange": "PushButton",
    "cancel": "PushButton",
    "refresh": "PushButton",
    "openReport": "PushButton",
    "job": "String",
    "report": "String",
    "nudge": "Integer",
    "shelf": "String",
}
CHOICES = {
    "source": ["Original", "Restored", "Matte", "Difference", "Split"],
    "missing": ["Source", "Marked source", "Wait"],
    "frameAlpha": ["As the source", "Premultiplied", "Straight"],
}
SYSTEM = {"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2"}


def names(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_when_the_binary_is_read_then_it_exports_three_functions_and_lacks_none(binary):
    if is_sanitized(binary):
        pytest.skip("a sanitizer's build needs its runtime")
    exported = {line.split()[-1] for line in names("nm", "-D", "--defined-only", str(binary))}
    assert exported == {"OfxGetNumberOfPlugins", "OfxGetPlugin", "OfxSetHost"}
    needed = [line for line in names("readelf", "-d", str(binary)) if "(NEEDED)" in line]
    assert {line.split("[")[1].rstrip("]") for line in needed} <= SYSTEM
    missing = names("ldd", "-r", str(binary))
    assert not [line for line in missing if "undefined" in line or "not found" in line]


def test_when_the_bundle_is_read_then_it_is_laid_out_as_hosts_look_for_it(bundle, binary):
    about = plistlib.loads((bundle / "Contents" / "Info.plist").read_bytes())
    assert about["CFBundleExecutable"] == binary.name == bundle.name.removesuffix(".bundle")
    assert about["CFBundlePackageType"] == "BNDL"


@pytest.mark.parametrize("context", [FILTER, GENERAL])
def test_when_it_is_described_then_hosts_hear_what_they_must(plugin, context):
    effect = plugin.describe(context)
    about = plugin.descriptor.props.values
    assert plugin.count == 1
    assert plugin.struct.identifier == b"org.faceplate.Faceplate"
    assert about["OfxPropLabel"] == ["Faceplate"]
    assert about["OfxImageEffectPropSupportedContexts"] == [FILTER, GENERAL]
    assert about["OfxImageEffectPropSupportedPixelDepths"] == [FLOAT, HALF, SHORT, BYTE]
    assert about["OfxImageEffectPropTemporalClipAccess"] == [0]
    assert set(effect.clips) == {"Source", "Output"}
    for clip in effect.clips.values():
        assert RGBA in clip.props.values["OfxImageEffectPropSupportedComponents"]


def test_when_a_host_has_no_half_then_it_is_not_offered(binary):
    host = Host(depths=(FLOAT, BYTE))
    plugin = host.open(binary)
    plugin.load()
    plugin.describe()
    assert HALF not in plugin.descriptor.props.values["OfxImageEffectPropSupportedPixelDepths"]
    plugin.unload()


def test_when_parameters_are_defined_then_saved_projects_still_find_them(plugin):
    params = plugin.describe().params
    kinds = {name: param.kind.removeprefix("OfxParamType") for name, param in params.items()}
    assert {name: kinds.get(name) for name in PARAMETERS} == PARAMETERS
    assert set(kinds) == set(PARAMETERS), "a new one belongs into this table"
    for name, options in CHOICES.items():
        assert params[name].props.values["OfxParamPropChoiceOption"] == options
    text = (Path(__file__).parents[2] / "ofx_bridge" / "README.md").read_text("utf-8")
    assert not [name for name in PARAMETERS if f"`{name}`" not in text]


@pytest.mark.parametrize("suite", ["OfxPropertySuite", "OfxImageEffectSuite", "OfxParameterSuite"])
def test_when_a_host_lacks_a_suite_then_loading_says_so(binary, suite):
    plugin = Host(missing=(suite,)).open(binary)
    assert plugin.load() == NO_FEATURE
    assert plugin.act("OfxActionDescribe", plugin.descriptor) == NO_FEATURE
    plugin.unload()


def test_when_it_is_loaded_again_and_again_then_loading_is_idempotent(plugin):
    for _ in range(3):
        assert plugin.load() == OK
        assert plugin.create().destroy() == OK


def test_when_an_action_is_unknown_then_the_host_does_what_it_would(plugin):
    effect = plugin.create()
    for action in ("OfxActionNobodyKnows", "", "OfxActionBeginInstanceEdit"):
        assert effect.act(action) == REPLY_DEFAULT
    assert plugin.struct.main(None, None, None, None) == REPLY_DEFAULT
    for action in ("OfxActionPurgeCaches", "OfxActionSyncPrivateData"):
        assert effect.act(action) == OK
    for action in ("BeginSequenceRender", "EndSequenceRender"):
        assert effect.act(f"OfxImageEffectAction{action}", effect.arguments(0, [0, 0, 1, 1])) == OK
    effect.destroy()


def test_when_a_handle_is_none_of_ours_then_it_is_refused(plugin, host):
    stranger = Effect(host, plugin)
    given = stranger.arguments(0, [0, 0, 1, 1])
    assert stranger.act("OfxImageEffectActionRender", given) == BAD_HANDLE
    assert plugin.act("OfxImageEffectActionRender") == BAD_HANDLE


def test_when_instances_come_and_go_then_nothing_of_an_engine_is_touched(
    host, binary, tmp_path, monkeypatch
):
    monkeypatch.setenv("FACEPLATE_CONNECTION", str(tmp_path / "connection.json"))
    before = threads()
    plugin = host.open(binary)
    plugin.load()
    for _ in range(20):
        effect = plugin.create(take="/somewhere/p.take")
        wanted = Props()
        assert effect.act("OfxImageEffectActionGetClipPreferences", Props(), wanted) == OK
        assert wanted.get("OfxImageEffectFrameVarying") == 1
        assert effect.destroy() == OK
    assert threads() == before
    assert list(tmp_path.iterdir()) == []
    plugin.unload()


def test_when_it_is_loaded_and_unloaded_50_times_then_nothing_is_left(host, binary):
    def once():
        plugin = host.open(binary)
        plugin.load()
        effect = plugin.create(take="/somewhere/p.take", missing=0)
        effect.identity()
        effect.destroy()
        assert plugin.unload() == OK

    once()
    before = threads(), descriptors()
    for _ in range(50):
        once()
    assert (threads(), descriptors()) == before
    if not is_sanitized(binary):
        assert str(binary) not in Path("/proc/self/maps").read_text("ascii")


def test_when_regions_are_asked_for_then_the_source_s_are_told(plugin):
    effect = plugin.create()
    effect.clips["Source"].region = [10.0, 20.0, 110.0, 70.0]
    region = "OfxImageEffectPropRegionOfDefinition"
    wanted = Props()
    assert (
        effect.act("OfxImageEffectActionGetRegionOfDefinition", Props(OfxPropTime=1.0), wanted)
        == OK
    )
    assert wanted.values[region] == [10, 20, 110, 70]
    given = Props(OfxImageEffectPropRegionOfInterest=[1.0, 2.0, 3.0, 4.0])
    assert effect.act("OfxImageEffectActionGetRegionsOfInterest", given, wanted) == OK
    assert wanted.values["OfxImageClipPropRoI_Source"] == [1, 2, 3, 4]
    given = Props(OfxPropTime=7.0)
    assert effect.act("OfxImageEffectActionGetFramesNeeded", given, wanted) == OK
    assert wanted.values["OfxImageClipPropFrameRange_Source"] == [7, 7]


def test_when_threads_make_instances_at_once_then_each_has_its_own(plugin):
    statuses = []

    def churn():
        statuses.extend(plugin.create().destroy() for _ in range(20))

    churning = [threading.Thread(target=churn) for _ in range(4)]
    [thread.start() for thread in churning]
    [thread.join() for thread in churning]
    assert statuses == [OK] * 80
