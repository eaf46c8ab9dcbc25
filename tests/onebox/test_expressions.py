"""Evaluation of expression readers: synthetic pictures with known answers, two real photographs, and clear refusals."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from photographs import person, photograph
from typer.testing import CliRunner

from motcua.analytics import db, expression_audits
from motcua.edge.expressions import Expression
from motcua.onebox.cli import app
from motcua.onebox.expression_pictures import PicturesError, evaluate, in_folders, in_table
from motcua.onebox.expression_scores import ENOUGH

LABELS = ("happy", "neutral", "sad")


class Colours:
    """Reads a class from a picture's colour, with a probability of .8: blue happy, green neutral, red sad."""

    name, version, labels = "colours", "1", LABELS

    def read(self, face: np.ndarray) -> Expression:
        p = np.full(3, 0.1, np.float32)
        p[int(face.reshape(-1, 3).mean(axis=0).argmax())] = 0.8
        return Expression(p)


def paint(path: Path, colour: int, grey: int = 100) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.full((70, 70, 3), grey, np.uint8)
    image[..., colour] += 40
    cv2.imwrite(str(path), image)
    return path.name


def read(pictures: Any, temperature: float | None = None) -> dict[str, Any]:
    return evaluate(pictures, {"colours": (Colours(), temperature)}, None)


def test_folders_by_class_give_accuracy_confusion_and_calibration(tmp_path: Path) -> None:
    for i in range(8):
        paint(tmp_path / "happiness" / f"{i}.png", 0 if i < 6 else 2)  # 6 of 8 right
        paint(tmp_path / "Sad" / f"{i}.png", 2)  # all right
    for i in range(4):
        paint(tmp_path / "contempt" / f"{i}.png", 1)  # a class that it does not know
    paint(tmp_path / "without.png", 0)
    (tmp_path / "notes").mkdir()
    report = read(in_folders(tmp_path))
    found = report["readers"]["colours"]
    assert (report["pictures"], report["labelled"], found["read"], found["labelled"]) == (21, 20, 21, 20)
    assert found["accuracy"]["value"] == pytest.approx(14 / 20)
    assert found["accuracy"]["low"] < 0.7 < found["accuracy"]["high"]
    balanced = found["balanced_accuracy"]
    assert balanced["value"] == pytest.approx((6 / 8 + 1 + 0) / 3)
    assert (balanced["low"], balanced["classes"]) == (None, 3), "of four pictures of a class nothing can be drawn"
    assert found["classes_it_does_not_know"] == ["contempt"]
    matrix = found["confusion"]
    assert matrix["right"] == ["happy", "neutral", "sad", "contempt"]
    assert matrix["counts"] == [[6, 0, 2], [0, 0, 0], [0, 0, 8], [0, 4, 0]]
    # Of its own classes: 14 of 16 right, and always .8 sure.
    assert found["calibration"]["ece"] == pytest.approx(14 / 16 - 0.8)
    assert (found["calibration"]["temperature"], found["calibration"]["n"]) == (None, 16)
    assert "100 are needed" in found["calibration"]["why_no_temperature"]
    assert (found["calibrated"], found["temperature"]) == (False, 1.0)
    assert found["cost_ms"]["n"] == 20


def test_a_temperature_is_fitted_on_one_half_and_tested_on_the_other(tmp_path: Path) -> None:
    for i in range(120):
        paint(tmp_path / "happy" / f"{i}.png", 0 if i % 2 else 2)  # half right, .8 sure: too sure
        paint(tmp_path / "sad" / f"{i}.png", 2 if i % 2 else 0)
    pictures = in_folders(tmp_path)
    scored = read(pictures)["readers"]["colours"]
    assert scored["balanced_accuracy"]["low"] < 0.5 < scored["balanced_accuracy"]["high"]
    found = scored["calibration"]
    assert (found["fitted_on"], found["tested_on"]) == (120, 120)
    assert found["temperature"] > 2
    assert found["ece_before"] == pytest.approx(0.3, abs=0.12)
    assert found["ece_after"] < found["ece_before"]
    assert found["better"]
    tried = read(pictures, found["temperature"])["readers"]["colours"]
    assert tried["calibrated"]
    assert tried["calibration"]["ece"] < 0.1


def table(folder: Path, rows: list[dict[str, str]]) -> Path:
    path = folder / "set.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return path


def a_set(folder: Path, *, extra: dict[str, str] | None = None) -> Path:
    """60 pictures of either group; the reader errs on half of group B; group B is also dark."""
    rows = []
    for i in range(60):
        for group in ("A", "B"):
            wrong = group == "B" and i % 2
            name = paint(folder / f"{group}{i}.png", 2 if wrong else 0, grey=100 if group == "A" else 30)
            row = {"image": name, "label": "happy", "consent": "yes", "sex": group, "camera": f"c{i % 2}"}
            rows.append(row | (extra or {}))
    return table(folder, rows)


def test_groups_are_compared_with_intervals_where_people_agreed(tmp_path: Path) -> None:
    path = a_set(tmp_path)
    text = path.read_text().replace("A0.png,happy,yes", "A0.png,happy,no").replace("A1.png,happy,yes", "A1.png,happy,")
    path.write_text(text)
    pictures, left_out = in_table(path, ["sex"])
    assert (len(pictures), left_out) == (118, 2)
    rows = {(r["dimension"], r["stratum"]): r for r in read(pictures)["readers"]["colours"]["strata"]}
    b = rows["sex", "B"]
    assert (b["n"], b["rest"], b["error"]["value"]) == (60, 58, 0.5)
    assert b["error_gap"]["value"] == pytest.approx(0.5)
    assert 0.3 < b["error_gap"]["low"] < 0.5 < b["error_gap"]["high"] < 0.7
    # Half of B is read as sad (valence -.7 + …): .8 - .1 for blue, .1 - .8 for red, against +1.
    assert b["valence_gap"]["value"] == pytest.approx(-0.7)
    assert b["differs"]
    assert rows["sex", "A"]["differs"]
    assert rows["light", "0-0.25"]["n"] == 60
    assert rows["light", "0-0.25"]["error"]["value"] == 0.5
    camera = rows["camera", "c1"]
    assert camera["differs"]  # all errors are its
    few, _ = in_table(path)
    small = read(few[: 2 * ENOUGH - 2])["readers"]["colours"]["strata"]
    assert all(r["state"] == "few" and "error" not in r for r in small if r["dimension"] == "camera")


@pytest.mark.parametrize(
    ("rows", "groups", "message"),
    [
        ([{"file": "a"}], [], "has no column 'image'; it has file"),
        ([{"image": "a.png", "label": "happy"}], ["sex"], "has no column 'consent': groups need to know who agreed"),
        ([{"image": "a.png", "label": "happy", "consent": "yes"}], ["sex"], "has no column 'sex'"),
        ([{"image": "b.png", "label": "happy"}], [], "line 2: picture 'b.png' is not there"),
        ([{"image": "a.png", "label": "bored"}], [], "line 2: 'bored' is no known class"),
        ([{"image": "a.png", "label": "happy", "consent": "no", "sex": "x"}], ["sex"], "the consent of all 1 is missing"),
    ],
)
def test_a_wrong_table_is_one_clear_sentence(
    tmp_path: Path, rows: list[dict[str, str]], groups: list[str], message: str
) -> None:
    paint(tmp_path / "a.png", 0)
    with pytest.raises(PicturesError) as caught:
        in_table(table(tmp_path, rows), groups)
    assert message in str(caught.value)


def test_a_wrong_folder_is_one_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(PicturesError, match="is not there"):
        in_folders(tmp_path / "none")
    with pytest.raises(PicturesError, match="holds no pictures"):
        in_folders(tmp_path)
    paint(tmp_path / "bored" / "1.png", 0)
    with pytest.raises(PicturesError, match=r"folder 'bored' in .* is no known class: use angry, contempt"):
        in_folders(tmp_path)


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["evaluate-expressions", *arguments], env={"COLUMNS": "220"})
    return result.exit_code, result.output


def test_real_photographs_by_the_command_and_into_the_database(tmp_path: Path, migrated: str) -> None:
    faces = tmp_path / "faces"
    for label in ("happy", "neutral"):
        (faces / label).mkdir(parents=True)
    cv2.imwrite(str(faces / "happy" / "astronaut.png"), photograph("astronaut"))
    cv2.imwrite(str(faces / "neutral" / "hopper.png"), photograph("hopper"))
    cv2.imwrite(str(faces / "neutral" / "small.png"), person("hopper", face_px=40))
    (faces / "neutral" / "broken.png").write_bytes(b"none")
    out = tmp_path / "report.json"
    code, said = run("--images", str(faces), "--json", str(out), "--store", "hai ảnh", "--dsn", migrated)
    assert code == 0, said
    report = json.loads(out.read_text())
    assert report["refused"] == {"small": 1, "no_picture": 1}
    fer = report["readers"]["fer"]
    assert (fer["read"], fer["recall"]["happy"]["value"], fer["calibrated"]) == (2, 1.0, False)
    assert fer["cost_ms"]["p50"] > 0
    assert "fer 25.10.3" in said
    assert "judge nobody" in said
    with db.connect(migrated) as conn:
        (row,) = expression_audits.newest(conn)
        assert (row["reader"], row["version"], row["pictures"], row["dataset"]) == ("fer", "25.10.3", 4, "hai ảnh")
        assert row["report"]["reader"]["confusion"] == fer["confusion"]
        assert "astronaut" not in json.dumps(row["report"])
        assert conn.execute("select count(*) from audit where action = 'expressions.audit'").fetchone() == (1,)
        with pytest.raises(expression_audits.ReportError, match="1 to 200 characters"):
            expression_audits.add(conn, report, " ", "x")
        with pytest.raises(expression_audits.ReportError, match="is no report of"):
            expression_audits.add(conn, {"readers": {}}, "x", "x")
    code, said = run("--report", str(out))
    assert (code, "fer 25.10.3" in said) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name either a folder with --images or a file with --csv"),
        (("--images", "none"), "folder none is not there"),
        (("--images", ".", "--group", "sex"), "groups are columns of a CSV"),
        (("--report", "README.md"), "is no JSON"),
        (("--report", "none.json"), "none.json cannot be used"),
    ],
)
def test_a_wrong_call_is_one_clear_sentence(arguments: tuple[str, ...], message: str) -> None:
    code, said = run(*arguments)
    assert code == 1
    assert message in said


def test_an_unknown_reader_is_one_clear_sentence(tmp_path: Path) -> None:
    paint(tmp_path / "happy" / "1.png", 0)
    code, said = run("--images", str(tmp_path), "--cropped", "--reader", "crystal")
    assert (code, "no reader of expressions is called 'crystal': take one of deepface, fer, hsemotion" in said) == (1, True)
