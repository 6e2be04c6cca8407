import logging
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto

from engine.faces import yunet
from engine.faces.yunet import YuNet
from plugin_host.errors import SettingsError, WeightsError
from tests.engine.faces.networks import constant, looking, outputs, put

ROOT = Path(__file__).parents[3]
HEIGHT, WIDTH = 64, 96
BLACK = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
MARKS = [(40, 20), (60, 20), (50, 30), (42, 40), (58, 40)]
"""Eyes 20 apart, 20 above the mouth, whose middle is at x 50, y 30."""


@pytest.fixture
def write(tmp_path):
    def write(data):
        path = tmp_path / "face.onnx"
        path.write_bytes(data)
        return str(path)

    return write


def faces(*told, height=HEIGHT, width=WIDTH):
    """Return outputs that tell of faces: (stride, cell, score, shift in pixels)."""
    values = outputs(height, width)
    for stride, cell, score, shift in told:
        put(
            values,
            stride,
            cell,
            score=score,
            centre=np.add((50, 32), shift),
            size=(30, 40),
            marks=np.add(MARKS, shift),
            width=width,
        )
    return values


@pytest.mark.parametrize("stride", [8, 16, 32])
def test_when_a_cell_tells_of_a_face_then_its_box_goes_from_brows_to_lower_lip(write, stride):
    values = faces((stride, (1, 1), 0.7, (0, 0)))
    (box,) = YuNet(write(constant(values, HEIGHT, WIDTH))).detect(BLACK)
    assert box.centre == pytest.approx((50, 30 - 0.1 * 50), abs=1e-3)
    assert (box.width, box.height) == pytest.approx((50, 50), abs=1e-3)
    assert box.score == pytest.approx(1, abs=1e-4)


def test_when_opencv_reads_the_same_file_then_it_finds_the_same_landmarks(write, monkeypatch):
    rng = np.random.default_rng(3)
    values = outputs(HEIGHT, WIDTH)
    for name, value in values.items():
        value[:] = (
            rng.uniform(-0.3, 1.1, value.shape)
            if name[:3] in {"cls", "obj"}
            else (rng.normal(0, 0.7, value.shape))
        )
    path = write(constant(values, HEIGHT, WIDTH))
    monkeypatch.setattr(yunet, "face_box", lambda score, landmarks: (score, landmarks))
    ours = YuNet(path).detect(BLACK)
    judge = cv2.FaceDetectorYN.create(path, "", (WIDTH, HEIGHT), 0.35, 0.3, 1000)
    theirs = judge.detect(BLACK)[1]
    # OpenCV rounds boxes before it compares them, so that a few pairs are judged otherwise.
    places = {tuple(np.round(landmarks.ravel(), 1)) for _, landmarks in ours}
    shared = [row for row in theirs if tuple(np.round(row[4:14].astype(float), 1)) in places]
    assert len(theirs) > 10
    assert len(shared) > 0.85 * max(len(theirs), len(ours))
    scores = {round(score, 3) for score, _ in ours}
    assert all(round(float(row[14]), 3) in scores for row in shared)


def test_when_two_boxes_are_one_face_then_the_surer_one_stays(write):
    values = faces((8, (1, 1), 0.8, (4, 0)), (16, (2, 2), 0.9, (0, 0)), (8, (7, 1), 0.5, (40, 0)))
    boxes = YuNet(write(constant(values, HEIGHT, WIDTH))).detect(BLACK)
    assert [round(box.score * 0.7, 3) for box in boxes] == [0.9, 0.5]
    assert [round(box.centre[0]) for box in boxes] == [50, 90]


def test_when_a_score_is_low_or_numbers_are_no_numbers_then_there_is_no_face(write):
    values = faces((8, (1, 1), 0.34, (0, 0)), (16, (2, 2), 0.9, (30, 0)), (32, (1, 1), 0.9, (0, 0)))
    values["bbox_16"][0, 2 * 6 + 2, 2] = 1e4
    values["kps_32"][0, 3 + 1, 3] = np.nan
    assert YuNet(write(constant(values, HEIGHT, WIDTH))).detect(BLACK) == ()


def test_when_landmarks_fall_together_then_the_box_is_a_pixel_at_least(write):
    values = faces((8, (1, 1), 0.9, (0, 0)))
    values["kps_8"][:] = 0
    (box,) = YuNet(write(constant(values, HEIGHT, WIDTH))).detect(BLACK)
    assert (box.width, box.height) == (1, 1)


def test_when_the_head_turns_or_nods_then_the_box_keeps_its_size():
    straight = yunet.face_box(1.0, np.array(MARKS, float))
    turned = np.array([(47, 20), (53, 20), (55, 30), (48, 40), (52, 40)], float)
    nodding = np.array([(38.9, 25), (61.1, 25), (50, 30), (42, 38), (58, 38)], float)
    assert yunet.face_box(1.0, turned).size == straight.size
    assert yunet.face_box(1.0, nodding).size == pytest.approx(straight.size, abs=0.1)


def test_when_the_network_looks_then_it_sees_blue_first_and_black_beyond_the_picture(write):
    picture = np.full((40, 50, 3), (255, 255, 0), np.uint8)
    picture[16, 24] = (0, 0, 255)
    (box,) = YuNet(write(looking(HEIGHT, WIDTH))).detect(picture)
    assert box.centre == pytest.approx((24, 16 - 0.1 * 2.5 * 16), abs=1e-3)
    assert box.size == pytest.approx(2.5 * 16)
    assert box.score == pytest.approx(1 / 0.7)


def test_when_the_picture_is_larger_than_the_file_takes_then_boxes_are_scaled_back(write):
    values = faces((8, (1, 1), 0.9, (0, 0)))
    detector = YuNet(write(constant(values, HEIGHT, WIDTH)))
    (box,) = detector.detect(np.zeros((4 * HEIGHT, 4 * WIDTH, 3), np.uint8))
    # Pixel 50 of the small picture shows 200 to 203.
    assert box.centre == pytest.approx((201.5, 4 * 25 + 1.5), abs=1e-2)
    assert box.size == pytest.approx(200, abs=1e-2)


@pytest.mark.parametrize("shape", [(50, 70), (64, 96), (33, 65), (4 * 480, 4 * 640)])
def test_when_the_file_takes_any_size_then_sides_are_rounded_up_to_its_grids(shape):
    looked, scale = yunet._fitted(np.full((*shape, 3), 200, np.uint8), (None, None))
    expected = (480, 640) if max(shape) > 640 else (64, 96)
    assert looked.shape == (1, 3, *expected)
    assert scale == min(640 / max(shape), 1)
    assert (looked[0, :, : shape[0], : shape[1]] == 200).all()


def test_when_the_file_takes_any_size_then_its_faces_are_found(write):
    values = faces((8, (1, 1), 0.9, (0, 0)))
    data = constant(values, HEIGHT, WIDTH, declared=("height", "width"))
    detector = YuNet(write(data))
    assert len(detector.detect(BLACK)) == 1
    # This one says the same of every size, which no network does.
    with pytest.raises(
        WeightsError, match=r"output cls_8 is \(1, 96, 1\), should be \(1, 192, 1\)"
    ):
        detector.detect(np.zeros((HEIGHT, 2 * WIDTH, 3), np.uint8))


def test_when_a_picture_is_seen_again_then_the_boxes_are_the_same(write):
    path = write(looking(HEIGHT, WIDTH))
    picture = np.random.default_rng(1).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
    assert YuNet(path).detect(picture) == YuNet(path).detect(picture) != ()


def without(values, name):
    return {other: value for other, value in values.items() if other != name}


def older():
    return {name: np.zeros((1, 9, 4), np.float32) for name in ("loc", "conf", "iou")}


def reshaped(values):
    return {**values, "kps_16": values["kps_16"][:, :, :8].copy()}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no ONNX file, or a damaged one"),
        (b"\x89PNG and so on", "no ONNX file, or a damaged one"),
        (constant(outputs(64, 96), 64, 96)[:-200], "no ONNX file, or a damaged one"),
        (constant(older(), 64, 96), "the layout of 2022 and before"),
        (
            constant(without(outputs(64, 96), "obj_16"), 64, 96),
            "it has no output obj_16, only cls_8",
        ),
        (
            constant(reshaped(outputs(64, 96)), 64, 96),
            r"output kps_16 .* should be .* \[1, 24, 10\]",
        ),
        (
            constant(outputs(64, 96), 48, 96),
            r"input is \[1, 3, 48, 96\], sides should be multiples",
        ),
        (
            constant(outputs(64, 96), 64, 128),
            r"output cls_8 .* \[1, 96, 1\], should be .* 128, 1\]",
        ),
        (
            constant(outputs(64, 96), 64, 96, floats=TensorProto.UINT8),
            r"input is tensor\(uint8\) .* should be tensor\(float\) \[1, 3, H, W\]",
        ),
    ],
    ids=["empty", "foreign", "cut", "2022", "missing", "shape", "side", "cells", "type"],
)
def test_when_the_file_is_no_yunet_then_the_first_difference_is_said(write, data, why):
    path = write(data)
    with pytest.raises(WeightsError, match=why) as raised:
        YuNet(path)
    assert raised.value.path == path
    assert "face_detection_yunet_2023mar.onnx" in raised.value.message


def test_when_the_file_is_not_there_then_the_error_says_where_it_should_be(tmp_path):
    with pytest.raises(WeightsError, match="No such file") as raised:
        YuNet(str(tmp_path / "none.onnx"))
    assert raised.value.path == str(tmp_path / "none.onnx")


def test_when_onnx_runtime_is_missing_then_the_error_names_what_to_install(write, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(SettingsError, match=r"faceplate\[yunet\]"):
        YuNet(write(b""))


def test_when_onnx_runtime_is_loaded_then_it_is_kept_from_reporting(write, tmp_path):
    code = "import sys; from engine.faces.yunet import YuNet; YuNet(sys.argv[1])"
    home = tmp_path / "home"
    home.mkdir()
    cleared = {name: value for name, value in os.environ.items() if name != yunet.SILENT}
    here = {"HOME": str(home), "XDG_CACHE_HOME": str(home), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, write(looking(HEIGHT, WIDTH))]
    subprocess.run(command, env={**cleared, **here}, check=True)
    # It would keep an identifier of the machine there.
    assert [path for path in home.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("works", [True, False])
def test_when_cuda_is_listed_then_it_counts_only_if_the_session_has_it(
    write, monkeypatch, caplog, works
):
    real, asked = onnxruntime.InferenceSession, []

    class Session:
        def __init__(self, data, options, *, providers):
            asked.extend(providers)
            self._real = real(data, options, providers=[yunet.CPU])

        def get_providers(self):
            return [yunet.CUDA, yunet.CPU] if works else [yunet.CPU]

        def __getattr__(self, name):
            return getattr(self._real, name)

    monkeypatch.setattr(onnxruntime, "InferenceSession", Session)
    monkeypatch.setattr(
        onnxruntime, "get_available_providers", lambda: ["Tensorrt", yunet.CUDA, yunet.CPU]
    )
    with caplog.at_level(logging.INFO, "faceplate.faces"):
        detector = YuNet(write(looking(HEIGHT, WIDTH)))
    assert asked == [yunet.CUDA, yunet.CPU]
    assert detector.provider == (yunet.CUDA if works else yunet.CPU)
    assert f"runs on {detector.provider}" in caplog.text


def test_when_there_is_no_cuda_then_it_is_not_asked_for(write):
    if yunet.CUDA not in onnxruntime.get_available_providers():
        assert YuNet(write(looking(HEIGHT, WIDTH))).provider == yunet.CPU
