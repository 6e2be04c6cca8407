import cv2
import numpy as np

from training import gallery
from training.gallery import SEEDS, SHOWN, draw_sheet, main


def test_when_the_sheet_is_drawn_then_it_has_a_row_for_each_kind():
    sheet, captions = draw_sheet(("leaves", "patterns"), 0, 32)
    assert sheet.shape == (2 * 36, SEEDS * (len(SHOWN) * 32 + 4), 3)
    assert sheet.dtype == np.uint8
    assert not captions
    assert len({sheet[:32, 100 * k : 100 * k + 32].tobytes() for k in range(SEEDS)}) == SEEDS


def test_when_faces_are_drawn_then_landmarks_and_captions_come_with_them(monkeypatch):
    monkeypatch.setattr(gallery, "SEEDS", 2)
    monkeypatch.setattr(gallery, "FRAMES", 2)
    monkeypatch.setattr(gallery, "SHOWN", (0, 1))
    sheet, captions = draw_sheet(("face",), 0, 64)
    plain, labelled = sheet[:64], sheet[68:132]
    assert len(captions) == 2
    assert all(caption.split(": ")[1] for caption in captions)
    for column in range(2):
        part = slice(column * 132, column * 132 + 128)
        assert 0.01 < np.mean(plain[:, part] != labelled[:, part]) < 0.8


def test_when_the_command_is_run_then_the_picture_is_there(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(gallery, "MAKERS", ("leaves", "patterns"))
    out = tmp_path / "sheet.png"
    assert main(["--out", str(out), "--size", "48"]) == 0
    assert cv2.imread(str(out)).shape[1] == SEEDS * (3 * 48 + 4)
    assert "sheet.png" in capsys.readouterr().out


def test_when_the_picture_cannot_be_written_then_the_command_says_so(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(gallery, "MAKERS", ("patterns",))
    assert main(["--out", str(tmp_path / "none" / "sheet.png"), "--size", "32"]) == 1
    assert "cannot be written" in capsys.readouterr().err
