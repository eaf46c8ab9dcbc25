"""Paint a scene, frame by frame, and keep the truth about every box: where it is and how much of it can be seen."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from motcua.edge.geometry import Floats, Image
from motcua.onebox.scene_cast import Actor, cast, place_pose
from motcua.onebox.scene_light import Light
from motcua.onebox.scene_people import SourcePerson
from motcua.onebox.scene_place import POST, POST_ROW, STATURE_M, Place, height_px, project
from motcua.onebox.scene_queue import TICK_S, Walker

_SOLID = 0.5


@dataclass(frozen=True, slots=True)
class Painted:
    """One frame before the camera's faults. ids: (n,) walkers' numbers; boxes: (n, 4) xyxy px, cut at the picture's border;
    visible: (n,) the share of the person that nothing hides."""

    image: Image
    ids: NDArray[np.int64]
    boxes: Floats
    visible: Floats


@dataclass(frozen=True, slots=True)
class _Prop:
    """Something that hides who is behind it. row: of its foot."""

    row: float
    mask: NDArray[np.bool_]


class Painter:
    """Paints the people of one scene on its background; times must grow."""

    def __init__(
        self, background: Image, people: Sequence[SourcePerson], walkers: Sequence[Walker], place: Place, seed: int
    ) -> None:
        self._walkers = sorted(walkers, key=lambda w: w.since_s)
        self._background = with_counters(background, place)
        self._props = _props(place, background.shape[:2])
        parts = cast(walkers, len(people), seed)
        self._actors = {
            w.number: Actor(people[parts[w.number].source], parts[w.number], random.Random(f"actor {seed} {w.number}"))
            for w in walkers
        }

    def paint(self, at_s: float) -> Painted:
        """The frame of that time."""
        image = self._background.copy()
        rows, columns = image.shape[:2]
        owner = np.zeros((rows, columns), np.uint8)
        here = [w for w in self._walkers if w.since_s <= at_s <= w.until_s]
        feet = [_foot(w, at_s) for w in here]
        order: list[tuple[float, int]] = [(foot[1], i) for i, foot in enumerate(feet)]
        order += [(prop.row, -1 - i) for i, prop in enumerate(self._props)]
        boxes, whole = np.zeros((len(here), 4), np.float32), np.zeros(len(here))
        for _, i in sorted(order):
            if i < 0:
                mask = self._props[-1 - i].mask
                image[mask], owner[mask] = self._background[mask], 0
                continue
            actor, foot = self._actors[here[i].number], feet[i]
            height = height_px(foot[1], STATURE_M * actor.part.stature)
            drawn, left, top = place_pose(actor.pose(at_s, foot, height), foot, height)
            box = _paste(image, owner, drawn, left, top, i + 1)
            if box is not None:
                boxes[i], whole[i] = box, float((drawn[..., 3] > _SOLID).sum())
        seen = np.bincount(owner.ravel(), minlength=len(here) + 1)[1 : len(here) + 1]
        ids = np.array([w.number for w in here], np.int64)
        there = whole > 0
        visible = (seen[there] / whole[there]).astype(np.float32)
        return Painted(image, ids[there], boxes[there], np.clip(visible, 0, 1))


def rendered(painter: Painter, light: Light, times: NDArray[np.float64]) -> Iterator[tuple[Image, Painted]]:
    """Every frame as the camera gives it, with what was painted."""
    for at_s in times.tolist():
        painted = painter.paint(at_s)
        yield light.expose(painted.image, at_s), painted


def with_counters(background: Image, place: Place) -> Image:
    """A desk behind each spot where people are served."""
    image = background.copy()
    for front, top in _desks(place):
        cv2.fillConvexPoly(image, front, (96, 116, 138))
        cv2.fillConvexPoly(image, top, (150, 172, 190))
        cv2.polylines(image, [front, top], True, (60, 72, 84), 1, cv2.LINE_AA)
    return image


def _desks(place: Place) -> list[tuple[NDArray[np.int32], NDArray[np.int32]]]:
    """Front and top of each desk, as corners in px."""
    desks = []
    for x, z in place.spots:
        near, far, tall = z + 0.55, z + 1.15, 1.05
        foot, back = (
            project(np.array([[x - 0.8, near], [x + 0.8, near]])),
            project(np.array([[x - 0.8, far], [x + 0.8, far]])),
        )
        rise, rise_back = height_px(foot[0, 1], tall), height_px(back[0, 1], tall)
        edge, edge_back = foot - [0, rise], back - [0, rise_back]
        front = np.array([foot[0], foot[1], edge[1], edge[0]])
        top = np.array([edge[0], edge[1], edge_back[1], edge_back[0]])
        desks.append((front.round().astype(np.int32), top.round().astype(np.int32)))
    return desks


def _props(place: Place, shape: tuple[int, ...]) -> list[_Prop]:
    props = []
    for front, top in _desks(place):
        mask = np.zeros(shape, np.uint8)
        cv2.fillConvexPoly(mask, front, 1)
        cv2.fillConvexPoly(mask, top, 1)
        props.append(_Prop(float(front[:, 1].max()), mask > 0))
    post = np.zeros(shape, bool)
    for x0, y0, x1, y1 in POST:
        post[y0:y1, x0:x1] = True
    return [*props, _Prop(POST_ROW, post)]


def _foot(walker: Walker, at_s: float) -> tuple[float, float]:
    """Column and row in px."""
    place = (at_s - walker.since_s) / TICK_S
    low = min(int(place), len(walker.points) - 1)
    high = min(low + 1, len(walker.points) - 1)
    point = walker.points[low] + (walker.points[high] - walker.points[low]) * (place - low)
    column, row = project(point)[0]
    return float(column), float(row)


def _paste(
    image: Image, owner: NDArray[np.uint8], drawn: Floats, left: int, top: int, number: int
) -> tuple[float, float, float, float] | None:
    """Put one person in; the box of what lies inside the picture."""
    rows, columns = image.shape[:2]
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + drawn.shape[1], columns), min(top + drawn.shape[0], rows)
    if x0 >= x1 or y0 >= y1:
        return None
    part = drawn[y0 - top : y1 - top, x0 - left : x1 - left]
    under = image[y0:y1, x0:x1]
    image[y0:y1, x0:x1] = np.clip(under * (1 - part[..., 3:]) + part[..., :3] + 0.5, 0, 255).astype(np.uint8)
    solid = part[..., 3] > _SOLID
    owner[y0:y1, x0:x1][solid] = number
    across, down = np.flatnonzero(solid.any(axis=0)), np.flatnonzero(solid.any(axis=1))
    if not len(across):
        return None
    return float(x0 + across[0]), float(y0 + down[0]), float(x0 + across[-1] + 1), float(y0 + down[-1] + 1)
