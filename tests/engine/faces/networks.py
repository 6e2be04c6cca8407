"""Tiny ONNX files in YuNet's layout, whose outputs are numbers that a test chooses."""

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

WIDTHS = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}


def outputs(height, width):
    """Return every output of a picture without a face, by name."""
    return {
        f"{what}_{stride}": np.zeros((1, height * width // stride**2, wide), np.float32)
        for what, wide in WIDTHS.items()
        for stride in (8, 16, 32)
    }


def put(values, stride, cell, *, score, centre, size, marks, width):
    """Let a cell (column, row) of a grid tell of a face, in pixels of the picture."""
    at = cell[1] * (width // stride) + cell[0]
    values[f"cls_{stride}"][0, at] = values[f"obj_{stride}"][0, at] = score
    corner = np.array(cell, float)
    values[f"bbox_{stride}"][0, at, :2] = np.divide(centre, stride) - corner
    values[f"bbox_{stride}"][0, at, 2:] = np.log(np.divide(size, stride))
    values[f"kps_{stride}"][0, at] = (np.asarray(marks, float) / stride - corner).ravel()


def constant(values, height, width, *, declared=None, floats=TensorProto.FLOAT):
    """Return a network that says the same of every picture."""
    nodes = [helper.make_node("Identity", [f"{name}_value"], [name]) for name in values]
    if floats == TensorProto.FLOAT:  # OpenCV reads only what follows from the picture
        nodes = [
            helper.make_node("GlobalAveragePool", ["input"], ["mean"]),
            helper.make_node("Conv", ["mean", "nothing"], ["zero"]),
            helper.make_node("Reshape", ["zero", "flat"], ["flat_zero"]),
            *(helper.make_node("Add", [f"{n}_value", "flat_zero"], [n]) for n in values),
        ]
    held = [numpy_helper.from_array(value, f"{name}_value") for name, value in values.items()]
    held.append(numpy_helper.from_array(np.zeros((1, 3, 1, 1), np.float32), "nothing"))
    held.append(numpy_helper.from_array(np.array([1, 1, 1]), "flat"))
    return model(nodes, held, values, (height, width), declared=declared, floats=floats)


def looking(height, width):
    """Return a network whose faces are where a cell's first pixel is blue; see `constant`."""
    values = outputs(height, width)
    values["obj_8"][:] = 1
    values["kps_8"][0] = np.tile([-1, -1, 1, -1, 0, 0, -1, 1, 1, 1], (len(values["kps_8"][0]), 1))
    first = np.zeros((1, 3, 8, 8), np.float32)
    first[0, 0, 0, 0] = 1 / 255  # of channel 0, which must be blue
    seen = values.pop("cls_8")
    nodes = [helper.make_node("Identity", [f"{name}_value"], [name]) for name in values]
    nodes += [
        helper.make_node("Conv", ["input", "first"], ["cells"], strides=[8, 8]),
        helper.make_node("Reshape", ["cells", "listed"], ["cls_8"]),
    ]
    held = [numpy_helper.from_array(value, f"{name}_value") for name, value in values.items()]
    held += [
        numpy_helper.from_array(first, "first"),
        numpy_helper.from_array(np.array([1, -1, 1]), "listed"),
    ]
    return model(nodes, held, {**values, "cls_8": seen}, (height, width))


def model(nodes, held, values, sides, *, declared=None, floats=TensorProto.FLOAT):
    """Return the bytes of a network; `declared` sides that are text are left open."""
    sides = declared or sides
    inputs = [helper.make_tensor_value_info("input", floats, [1, 3, *sides])]
    results = [
        helper.make_tensor_value_info(
            name, TensorProto.FLOAT, value.shape if declared is None else [1, None, value.shape[2]]
        )
        for name, value in values.items()
    ]
    graph = helper.make_graph(nodes, "yunet", inputs, results, held)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    made.ir_version = 8
    checker.check_model(made)
    return made.SerializeToString()
