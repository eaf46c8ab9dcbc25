"""Files of ground truth, right and wrong; the standard metrics on cases with known answers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from motcua.onebox.dwell import Visit
from motcua.onebox.tracking import tracking_metrics
from motcua.onebox.truth import Boxes, TruthError, VisitTruth, read_truth


def _write(tmp_path: Path, text: str) -> Path:
    (tmp_path / "truth").write_text(text)
    return tmp_path / "truth"


def test_mot15_text_counts_frames_from_one_and_leaves_out_what_is_flagged(tmp_path) -> None:
    truth = read_truth(_write(tmp_path, "1,9,499,158,31,75,1,-4.1,-7.3,0\n2,9,500,158,31,75,0,-4.1,-7.3,0\n"))
    assert isinstance(truth, Boxes)
    assert truth.frames.tolist() == [0]
    assert truth.ids.tolist() == [9]
    assert truth.boxes.tolist() == [[499, 158, 530, 233]]


def test_mot16_text_has_classes_of_which_only_people_count(tmp_path) -> None:
    truth = read_truth(_write(tmp_path, "1,1,0,0,10,20,1,1,0.9\n1,2,0,0,10,20,1,3,1.0\n\n"))
    assert isinstance(truth, Boxes)
    assert truth.ids.tolist() == [1]


def test_visits_come_with_their_clock(tmp_path) -> None:
    data = {"fps": 7, "visits": [{"zone": "a", "enter_frame": 3, "exit_frame": 20, "note": "red coat"}]}
    assert read_truth(_write(tmp_path, json.dumps(data))) == VisitTruth(7.0, (Visit("a", 0, 3, 20),))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not MOT text"),
        ("1,2,3", "not MOT text"),
        ("frame,id,x,y,w,h\n1,1,1,1,1,1", "not MOT text"),
        ("1,2,3,4,5,6\n1,2,3", "not MOT text"),
        ("{", "no list of visits"),
        ('{"visits": []}', "no list of visits"),
        ('{"fps": 7, "visits": [{"zone": "a"}]}', "no list of visits"),
        ('{"fps": 7, "visits": [{"zone": "a", "enter_frame": 9, "exit_frame": 3}]}', "ends before it begins"),
        ('{"fps": 0, "visits": []}', "no frame rate"),
    ],
)
def test_a_wrong_file_is_one_sentence(tmp_path, text: str, says: str) -> None:
    with pytest.raises(TruthError, match=says) as error:
        read_truth(_write(tmp_path, text))
    assert "\n" not in str(error.value)


def test_a_missing_file_is_one_sentence(tmp_path) -> None:
    with pytest.raises(TruthError, match="cannot be read"):
        read_truth(tmp_path / "none")


def _walk(person: int, frames: range, x0: float, step: float = 4.0) -> Boxes:
    x = x0 + step * np.arange(len(frames))
    boxes = np.stack([x, np.full_like(x, 50), x + 20, np.full_like(x, 110)], axis=1)
    return Boxes(np.array(frames, dtype=np.int64), np.full(len(x), person), boxes.astype(np.float32))


def _all(*parts: Boxes) -> Boxes:
    return Boxes(*(np.concatenate([getattr(p, name) for p in parts]) for name in ("frames", "ids", "boxes")))


def test_the_truth_itself_scores_one() -> None:
    truth = _all(_walk(1, range(20), 0), _walk(2, range(5, 25), 300))
    assert tracking_metrics(truth, truth, 25) == {
        "mota": 1.0,
        "idf1": 1.0,
        "hota": pytest.approx(1.0),
        "id_switches": 0,
        "ids": 2,
        "ids_true": 2,
    }


def test_a_broken_track_costs_one_switch_and_half_of_the_identity() -> None:
    broken = _all(_walk(8, range(10), 0), _walk(9, range(10, 20), 40))
    found = tracking_metrics(_walk(1, range(20), 0), broken, 20)
    assert found["id_switches"] == 1
    assert found["mota"] == pytest.approx(1 - 1 / 20)
    assert found["idf1"] == pytest.approx(0.5)


def test_misses_and_false_ones_cost_accuracy() -> None:
    found = tracking_metrics(_walk(1, range(20), 0), _all(_walk(1, range(15), 0), _walk(2, range(5), 400)), 20)
    assert found["mota"] == pytest.approx(1 - (5 + 5) / 20)


def test_nothing_measured_is_nothing() -> None:
    nobody = Boxes(np.empty(0, np.int64), np.empty(0, np.int64), np.empty((0, 4), np.float32))
    found = tracking_metrics(_walk(1, range(20), 0), nobody, 20)
    assert found["mota"] == 0
    assert found["idf1"] == 0
    assert found["ids"] == 0
