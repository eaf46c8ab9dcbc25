"""Labelled pictures of faces: found in folders or named by a CSV, read by each reader as the agent would, timed and scored."""

from __future__ import annotations

import csv
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from motcua.analytics.expression_bias import LIGHTS, SIZES, band
from motcua.edge.calibration import soften
from motcua.edge.expressions import ExpressionReader, Image
from motcua.edge.faces import Face, FaceFinder, FaceGate, crop, light
from motcua.edge.sentiment import VALENCE, valence
from motcua.onebox.expression_scores import Shown, score

ENDINGS = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
_ALSO = {
    "anger": "angry", "afraid": "fear", "calm": "neutral", "contemptuous": "contempt", "disgusted": "disgust", "fearful": "fear",
    "happiness": "happy", "sadness": "sad", "surprised": "surprise",
}  # fmt: skip
_AGREED = frozenset({"1", "true", "yes", "có"})
Report = dict[str, Any]
Reader = tuple[ExpressionReader, float | None]  # with its temperature


class PicturesError(ValueError):
    """Pictures that cannot be used; the message is one sentence with the way out."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One file. label: the right class, None where it is not known; strata: dimension → its stratum, as the CSV says."""

    path: Path
    label: str | None
    strata: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Seen:
    shown: list[Shown] = field(default_factory=list)
    spent_ms: list[float] = field(default_factory=list)


def class_named(name: str) -> str | None:
    """A class as the product spells it; None for an unknown one."""
    plain = name.strip().lower()
    plain = _ALSO.get(plain, plain)
    return plain if plain in VALENCE else None


def in_folders(folder: Path) -> list[Picture]:
    """Pictures in folders that are named by class; those right in ``folder`` have no label. Raises PicturesError."""
    if not folder.is_dir():
        raise PicturesError(f"folder {folder} is not there: name one that holds a folder for each class")
    found = [Picture(path, None) for path in _files(folder)]
    unknown = []
    for inner in sorted(p for p in folder.iterdir() if p.is_dir()):
        label = class_named(inner.name)
        files = _files(inner)
        if files and label is None:
            unknown.append(inner.name)
        elif files:
            found += [Picture(path, label) for path in files]
    if unknown:
        raise PicturesError(f"folder {unknown[0]!r} in {folder} is no known class: use {', '.join(sorted(VALENCE))}")
    if not found:
        raise PicturesError(
            f"folder {folder} holds no pictures ({', '.join(sorted(ENDINGS))}): put them into a folder for each class"
        )
    return found


def in_table(table: Path, groups: Sequence[str] = ()) -> tuple[list[Picture], int]:
    """Pictures that a CSV names (columns image, label; consent, camera, hour and the groups where they are), paths relative to it.

    With groups only pictures count whose ``consent`` is yes; how many were left out is returned too. Raises PicturesError.
    """
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            columns, rows = tuple(reader.fieldnames or ()), list(reader)
    except FileNotFoundError:
        raise PicturesError(f"file {table} is not there: name an existing CSV file") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise PicturesError(f"file {table} cannot be read as CSV in UTF-8 ({error}): save it as such") from None
    needed = ("image", "label", *(("consent",) if groups else ()), *groups)
    if missing := [name for name in needed if name not in columns]:
        why = ": groups need to know who agreed" if missing[0] == "consent" else ""
        raise PicturesError(f"file {table} has no column {missing[0]!r}{why}; it has {', '.join(columns) or 'none'}")
    found, left_out = [], 0
    for line, row in enumerate(rows, start=2):
        if groups and (row["consent"] or "").strip().lower() not in _AGREED:
            left_out += 1
            continue
        found.append(_of_row(table, line, row, groups))
    if not found:
        why = f": the consent of all {left_out} is missing" if left_out else ""
        raise PicturesError(f"file {table} names no picture{why}")
    return found, left_out


def _of_row(table: Path, line: int, row: Mapping[str, str | None], groups: Sequence[str]) -> Picture:
    path = table.parent / (row["image"] or "").strip()
    if not path.is_file():
        raise PicturesError(f"{table}, line {line}: picture {row['image']!r} is not there: paths are relative to the file")
    said = (row["label"] or "").strip()
    label = class_named(said)
    if said and label is None:
        raise PicturesError(f"{table}, line {line}: {said!r} is no known class: use {', '.join(sorted(VALENCE))}")
    strata = {name: (row.get(name) or "").strip()[:64] for name in ("camera", "hour", *groups)}
    return Picture(path, label, {name: value for name, value in strata.items() if value})


def evaluate(
    pictures: Sequence[Picture],
    readers: Mapping[str, Reader],
    finder: FaceFinder | None,
    *,
    seed: int = 1,
    tick: Callable[[], None] = lambda: None,
) -> Report:
    """Read every picture with every reader. finder: None where the pictures are faces already, else what is no good face is refused
    as the agent refuses it, and counted."""
    gate, refused, seen = FaceGate(), Counter[str](), {name: _Seen() for name in readers}
    by_stratum: dict[tuple[str, str], Counter[str]] = {}
    find_ms: list[float] = []
    for picture in pictures:
        cut, reason, facts = _face(picture, finder, gate, find_ms)
        strata = dict(picture.strata) | facts
        for key in strata.items():
            by_stratum.setdefault(key, Counter())["refused" if reason else "read"] += 1
        if cut is None:
            refused[reason or "none"] += 1
        else:
            _read(cut, picture.label, strata, readers, seen)
        tick()
    return {
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "pictures": len(pictures),
        "labelled": sum(p.label is not None for p in pictures),
        "faces": "given" if finder is None else "found",
        "refused": dict(refused),
        "refused_by_stratum": [
            {"dimension": d, "stratum": s, "n": c.total(), "refused": c["refused"]}
            for (d, s), c in sorted(by_stratum.items())
        ],
        "find_ms": _cost(find_ms),
        "readers": {
            name: {
                "version": reader.version,
                "temperature": temperature or 1.0,
                "calibrated": temperature is not None,
                "read": len(seen[name].shown),
                "cost_ms": _cost(seen[name].spent_ms),
            }
            | score(seen[name].shown, reader.labels, seed=seed)
            for name, (reader, temperature) in readers.items()
        },
    }


def _face(
    picture: Picture, finder: FaceFinder | None, gate: FaceGate, find_ms: list[float]
) -> tuple[Image | None, str | None, dict[str, str]]:
    """The face to read, or why there is none, and what can be told of the picture."""
    image = cv2.imread(str(picture.path))
    if image is None:
        return None, "no_picture", {}
    if finder is None:
        return np.asarray(image, dtype=np.uint8), None, _facts(np.asarray(image, dtype=np.uint8), image.shape[1])
    with _Clock(find_ms):
        face: Face | None = finder.find(np.asarray(image, dtype=np.uint8))
    if face is None:
        return None, "none", {}
    cut, width = crop(np.asarray(image, dtype=np.uint8), face), float(face.box[2] - face.box[0])
    facts = _facts(cut, width) if cut.size else {}
    reason = gate.reason(np.asarray(image, dtype=np.uint8), face)
    return (None if reason else cut), reason, facts


def _facts(face: Image, width: float) -> dict[str, str]:
    return {"light": band(light(face), LIGHTS), "face_px": band(width, SIZES)}


def _read(
    cut: Image, label: str | None, strata: Mapping[str, str], readers: Mapping[str, Reader], seen: Mapping[str, _Seen]
) -> None:
    for name, (reader, temperature) in readers.items():
        with _Clock(seen[name].spent_ms):
            expression = reader.read(cut)
        p: NDArray[np.float64] = soften(expression.probabilities, temperature or 1.0)
        value = valence(p, reader.labels) if expression.valence is None else expression.valence
        seen[name].shown.append(Shown(p, label, value, strata))


class _Clock:
    """Puts the CPU milliseconds of its block into a list."""

    def __init__(self, into: list[float]) -> None:
        self._into = into

    def __enter__(self) -> None:
        self._mark = time.process_time()

    def __exit__(self, *_: object) -> None:
        self._into.append((time.process_time() - self._mark) * 1e3)


def _cost(spent: Sequence[float]) -> Report | None:
    """CPU milliseconds a face: median and 95th percentile, without the first, which loads."""
    rest = spent[1:] or spent
    return None if not rest else {"p50": float(np.median(rest)), "p95": float(np.quantile(rest, 0.95)), "n": len(rest)}


def _files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.is_file() and p.suffix.lower() in ENDINGS)
