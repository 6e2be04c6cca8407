from bench import farm


def test_when_a_shot_is_cut_then_its_tasks_are_all_of_it(tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(farm, "run", lambda *words: said.append(words))
    job = farm.Job("p.%04d.exr", 10, 4, ("--whole-frame",))
    job.in_chunks(tmp_path, 2)
    begin, *chunks = said
    assert begin[-2:] == ("--until", "anchor")
    frames = sorted(words[words.index("--frames") + 1] for words in chunks)
    assert frames == ["1001-1004", "1005-1008", "1009-1010"]
    assert {words[words.index("--shot") + 1] for words in said} == {"1001-1010"}


def test_when_files_differ_or_are_missing_then_the_bits_are_not_the_same(tmp_path):
    for folder, frames in {"a": "12", "b": "12", "c": "13", "d": "1", "none": ""}.items():
        (tmp_path / folder).mkdir()
        for frame in frames:
            (tmp_path / folder / f"p.{frame}.exr").write_bytes(frame.encode())
    held = {name: tmp_path / name for name in ("a", "b", "c", "d", "none")}
    assert farm.same_bits([held["a"], held["b"]])
    for other in ("c", "d", "none"):
        assert not farm.same_bits([held["a"], held[other]])
    assert not farm.same_bits([held["none"], held["none"]])
