"""The fake Nuke's nodes, groups, knobs, callbacks and undo are as strict as Nuke's."""

import pytest

from tests.hosts.nuke import NukeKit


@pytest.fixture
def kit():
    with NukeKit() as running:
        yield running


@pytest.fixture
def nuke(kit):
    return kit.nuke


# nodes


def test_when_a_node_is_created_then_it_joins_the_selected_one_and_is_selected(nuke):
    first = nuke.createNode("Read")
    second = nuke.createNode("Grade", "white 2 label {two words}", inpanel=False)
    assert second.input(0) is first
    assert second["white"].value() == 2.0
    assert second["label"].value() == "two words"
    assert nuke.selectedNode() is second
    assert (first.shown(), second.shown()) == (True, False)


def test_when_a_node_comes_from_nodes_then_it_is_neither_connected_nor_selected(nuke):
    first = nuke.createNode("Read")
    second = nuke.nodes.Grade(name="G", inputs=[first], white=3)
    third = nuke.nodes.Grade(name="G")
    assert nuke.selectedNodes() == [first]
    assert (second.name(), third.name()) == ("G", "G1")
    assert third.input(0) is None


def test_when_nothing_is_selected_then_selected_node_raises(nuke):
    with pytest.raises(ValueError, match="no node selected"):
        nuke.selectedNode()
    assert nuke.selectedNodes() == []


def test_when_several_are_selected_then_the_last_one_comes_first(nuke):
    nodes = [nuke.nodes.NoOp() for _ in range(3)]
    for node in (nodes[2], nodes[0]):
        node.setSelected(True)
    assert nuke.selectedNodes() == [nodes[0], nodes[2]]


def test_when_a_class_is_unknown_then_creating_it_raises(nuke):
    with pytest.raises(RuntimeError, match="Unknown command"):
        nuke.createNode("Faceplate")


def test_when_a_name_is_taken_then_the_number_counts_up(nuke):
    nuke.nodes.Read()
    second = nuke.nodes.Read()
    assert second.name() == "Read2"
    second.setName("Read1")
    assert second.name() == "Read2"
    with pytest.raises(ValueError, match="name"):
        second.setName("two words")


def test_when_a_node_is_deleted_then_touching_it_raises_and_its_consumers_lose_it(nuke):
    read = nuke.createNode("Read")
    grade = nuke.createNode("Grade")
    nuke.delete(read)
    assert grade.input(0) is None
    assert nuke.toNode("Read1") is None
    for touch in (read.name, lambda: read["file"], read.xpos):
        with pytest.raises(ValueError, match="not attached"):
            touch()


def test_when_connections_make_a_loop_then_they_are_refused(nuke):
    first = nuke.createNode("NoOp")
    second = nuke.createNode("NoOp")
    assert not first.setInput(0, second)
    assert first.dependent(nuke.INPUTS) == [second]
    assert second.dependencies(nuke.INPUTS) == [first]


def test_when_a_group_is_entered_then_nodes_are_made_and_found_there(nuke):
    group = nuke.nodes.Group(name="Outer")
    with group:
        inside = nuke.nodes.Read(name="In")
        assert nuke.thisGroup() is group
        assert nuke.toNode("In") is inside
        with nuke.root():
            assert nuke.toNode("In") is None
    assert nuke.toNode("Outer.In") is inside
    assert inside.fullName() == "Outer.In"
    assert inside.parent() is group
    assert nuke.allNodes() == [group]
    assert nuke.allNodes("Read", recurseGroups=True) == [inside]


def test_when_a_group_has_inputs_inside_then_it_takes_as_many(nuke):
    read = nuke.nodes.Read()
    group = nuke.nodes.Group()
    assert not group.setInput(0, read)
    with group:
        nuke.nodes.Input()
    assert group.setInput(0, read)


def test_when_the_script_is_unsaved_then_the_root_is_called_root(nuke, tmp_path):
    assert nuke.root().name() == "Root"
    with pytest.raises(RuntimeError):
        nuke.scriptName()
    nuke.scriptSave(f"{tmp_path}/a.nk")
    assert nuke.root().name() == f"{tmp_path}/a.nk"
    assert nuke.script_directory() == str(tmp_path)


def test_when_a_script_is_saved_and_opened_then_knobs_links_and_groups_come_back(kit, tmp_path):
    nuke = kit.nuke
    read = nuke.nodes.Read(file="/a.%04d.exr", first=1001)
    group = nuke.nodes.Group(name="FaceplateRestore")
    with group:
        entry = nuke.nodes.Input()
        nuke.nodes.Output(inputs=[entry])
    group.setInput(0, read)
    group.addKnob(nuke.Enumeration_Knob("restorer", "Restorer", ["lite", "svfr"]))
    group.addKnob(nuke.String_Knob("note", "Note"))
    group["restorer"].setValue("svfr")
    group["note"].setFlag(nuke.DO_NOT_WRITE)
    nuke.scriptSave(f"{tmp_path}/a.nk")
    nuke.scriptClear()
    assert nuke.allNodes() == []
    loaded = []
    nuke.addOnScriptLoad(lambda: loaded.append(nuke.root().name()))
    nuke.scriptOpen(f"{tmp_path}/a.nk")
    again = nuke.toNode("FaceplateRestore")
    assert again["restorer"].value() == "svfr"
    assert again.knob("note") is None
    assert again.input(0)["first"].value() == 1001
    assert again.node("Output1").input(0) is again.node("Input1")
    assert loaded == [f"{tmp_path}/a.nk"]


# knobs


def test_when_a_knob_is_missing_then_brackets_raise_and_knob_is_none(nuke):
    node = nuke.nodes.NoOp()
    with pytest.raises(NameError, match="does not exist"):
        node["nothing"]
    assert node.knob("nothing") is None


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("String_Knob", "x", 3),
        ("File_Knob", "/a", None),
        ("Int_Knob", 3, "3"),
        ("Double_Knob", 0.5, "0.5"),
        ("Boolean_Knob", True, "true"),
    ],
)
def test_when_a_value_has_the_wrong_type_then_it_is_refused(nuke, kind, good, bad):
    knob = getattr(nuke, kind)("k", "K")
    nuke.nodes.NoOp().addKnob(knob)
    knob.setValue(good)
    assert knob.value() == good
    with pytest.raises(TypeError):
        knob.setValue(bad)
    assert knob.value() == good


def test_when_an_enumeration_is_set_then_word_and_number_agree_and_others_are_refused(nuke):
    knob = nuke.Enumeration_Knob("k", "K", ["a", "b"])
    nuke.nodes.NoOp().addKnob(knob)
    assert knob.value() == "a"
    knob.setValue("b")
    assert knob.getValue() == 1.0
    knob.setValue(0)
    assert knob.value() == "a"
    with pytest.raises(ValueError, match="no entry"):
        knob.setValue("c")
    knob.setValues(["c", "d"])
    assert knob.value() == "c"


def test_when_numbers_are_read_then_their_types_are_nukes(nuke):
    root = nuke.root()
    assert isinstance(root["first_frame"].value(), float)
    assert isinstance(root.firstFrame(), int)
    read = nuke.nodes.Read()
    assert isinstance(read["first"].value(), int)
    assert isinstance(read["first"].getValue(), float)
    assert isinstance(read["raw"].value(), bool)


def test_when_fps_is_fractional_then_only_real_fps_tells():
    with NukeKit(fps=23.976) as kit:
        assert (kit.nuke.root().fps(), kit.nuke.root().realFps()) == (24, 23.976)


def test_when_a_knob_is_added_twice_then_it_is_refused_and_own_ones_stay(nuke):
    node = nuke.nodes.NoOp()
    node.addKnob(nuke.String_Knob("k", "K"))
    with pytest.raises(ValueError, match="already"):
        node.addKnob(nuke.String_Knob("k", "K"))
    with pytest.raises(ValueError, match="no user knob"):
        node.removeKnob(node["label"])
    node.removeKnob(node["k"])
    assert node.knob("k") is None


def test_when_a_knob_has_an_expression_then_it_follows_others(nuke):
    group = nuke.nodes.Group()
    group.addKnob(nuke.Double_Knob("amount", "Amount"))
    with group:
        inside = nuke.nodes.Dissolve()
    inside["which"].setExpression("parent.amount")
    group["amount"].setValue(0.25)
    assert inside["which"].value() == 0.25
    assert inside["which"].toScript() == "{{parent.amount}}"
    switch = nuke.nodes.Switch()
    switch["which"].setExpression(
        "(frame >= 3 && frame <= 9 && (frame - 3) % 2 == 0) || frame == 20"
    )
    shown = []
    for frame in (1, 3, 4, 5, 9, 10, 20):
        nuke.frame(frame)
        shown.append(switch["which"].value())
    assert shown == [0, 1, 0, 1, 1, 0, 1]


def test_when_text_has_tcl_then_only_evaluate_carries_it_out(nuke, monkeypatch):
    monkeypatch.setenv("SHOT", "sh010")
    read = nuke.nodes.Read(file="/s/[getenv SHOT]/a.%04d.exr", first=7)
    read["label"].setValue("from [value first]")
    assert read["file"].value() == "/s/[getenv SHOT]/a.%04d.exr"
    assert read["file"].getEvaluatedValue() == "/s/sh010/a.%04d.exr"
    nuke.frame(12)
    assert read["file"].evaluate() == "/s/sh010/a.0012.exr"
    assert read["label"].evaluate() == "from 7"
    read["label"].setValue("[broken")
    with pytest.raises(RuntimeError, match="close-bracket"):
        read["label"].evaluate()


def test_when_a_button_on_a_group_is_pressed_then_its_code_runs_inside(kit, nuke):
    group = nuke.nodes.Group(name="G")
    script = "nuke.thisNode()['label'].setValue('pressed'); nuke.nodes.NoOp(name='made')"
    group.addKnob(nuke.PyScript_Knob("go", "Go", script))
    kit.press(group, "go")
    assert group["label"].value() == "pressed"
    assert nuke.toNode("G.made") is not None
    assert nuke.toNode("made") is None


def test_when_a_knob_links_to_one_inside_then_both_are_the_same(nuke):
    group = nuke.nodes.Group()
    with group:
        inside = nuke.nodes.Grade(name="Dial")
    link = nuke.Link_Knob("dial", "Dial")
    link.makeLink("Dial", "white")
    group.addKnob(link)
    link.setValue(3.0)
    assert inside["white"].value() == 3.0
    assert group["dial"].value() == 3.0
    assert group["dial"].getLinkedKnob() is inside["white"]


# callbacks


def test_when_a_knob_changes_then_callbacks_see_node_and_knob_once(kit, nuke):
    seen = []

    def changed():
        seen.append((nuke.thisNode().name(), nuke.thisKnob().name()))
        nuke.thisNode()["label"].setValue("again")  # does not call us again

    nuke.addKnobChanged(changed, nodeClass="NoOp")
    node = nuke.nodes.NoOp()
    node["tile_color"].setValue(5)
    node["tile_color"].setValue(5)  # no change, no call
    assert seen == [("NoOp1", "tile_color")]
    nuke.removeKnobChanged(changed, nodeClass="NoOp")
    node["tile_color"].setValue(6)
    assert len(seen) == 1
    assert kit.errors == []


def test_when_a_callback_raises_then_nuke_goes_on_and_the_kit_tells(kit, nuke):
    node = nuke.nodes.NoOp()
    node["knobChanged"].setValue("raise ValueError(nuke.thisKnob().name())")
    node["tile_color"].setValue(5)
    assert node["tile_color"].value() == 5
    assert [str(error) for error in kit.errors][-1] == "tile_color"


def test_when_nodes_are_created_then_on_create_runs_and_on_user_create_for_users_only(nuke):
    seen = []
    nuke.addOnCreate(lambda: seen.append("create " + nuke.thisNode().name()), nodeClass="Read")
    nuke.addOnUserCreate(lambda: seen.append("user " + nuke.thisNode().name()))
    nuke.nodes.Read()
    nuke.createNode("Read")
    assert seen == ["create Read1", "create Read2", "user Read2"]


def test_when_autolabel_says_something_then_that_is_drawn(kit, nuke):
    node = nuke.nodes.NoOp(label="[value name]!")
    assert kit.label(node) == "NoOp1\nNoOp1!"
    nuke.addAutolabel(lambda: "40 %" if nuke.thisNode() is node else None)
    assert kit.label(node) == "40 %"


# undo


def test_when_a_block_is_undone_then_all_of_it_is_and_redo_brings_it_back(kit, nuke):
    read = nuke.createNode("Read")
    before = len(kit.undo_blocks)
    with nuke.Undo():
        nuke.Undo.name("Faceplate")
        group = nuke.nodes.Group(name="G")
        with group:
            nuke.nodes.Input()
        group.setInput(0, read)
        group.addKnob(nuke.String_Knob("x", "X"))
        group["x"].setValue("y")
        read["label"].setValue("restored")
    assert [block.name for block in kit.undo_blocks[before:]] == ["Faceplate"]
    nuke.undo()
    assert nuke.toNode("G") is None
    assert read["label"].value() == ""
    nuke.redo()
    assert nuke.toNode("G")["x"].value() == "y"
    assert nuke.toNode("G").input(0) is read


def test_when_undo_is_disabled_then_nothing_is_recorded(kit, nuke):
    node = nuke.nodes.NoOp()
    before = len(kit.undo_blocks)
    nuke.Undo.disable()
    node["label"].setValue("quiet")
    nuke.Undo.enable()
    with nuke.Undo("empty"):
        pass
    assert len(kit.undo_blocks) == before
    with pytest.raises(RuntimeError):
        nuke.Undo.end()
    with pytest.raises(RuntimeError):
        nuke.Undo.enable()
