"""The optional extras for real: run by `make test-extras`, in an environment of their own. Without them these tests fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from file_server import cache, file_server, known

__all__ = ["cache", "file_server", "known"]

Exported = Callable[..., Path]


@pytest.fixture(scope="session", autouse=True)
def offline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No library of an extra may use the network, install anything, or write into the user's home."""
    home = tmp_path_factory.mktemp("home")
    settings = {
        "YOLO_OFFLINE": "true",
        "YOLO_AUTOINSTALL": "false",
        "YOLO_CONFIG_DIR": str(home / "ultralytics"),
        **dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9"),
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        patch.setenv("no_proxy", "127.0.0.1,localhost")
        yield


@pytest.fixture(scope="session")
def weights_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """``weights_of("yolo11n")`` is a file of weights of that network, untrained."""
    from untrained import untrained

    made: dict[str, Path] = {}
    folder = tmp_path_factory.mktemp("weights")

    def get(kind: str) -> Path:
        if kind not in made:
            made[kind] = untrained(kind, folder)
        return made[kind]

    return get


@pytest.fixture(scope="session")
def exported(weights_of: Callable[[str], Path]) -> Exported:
    """``exported("yolo26n", (480, 640), nms=False)`` is the ONNX file that ultralytics makes of it."""
    import ultralytics

    made: dict[tuple[object, ...], Path] = {}

    def get(kind: str, size: tuple[int, int] = (640, 640), *, nms: bool | None = None) -> Path:
        key = (kind, size, nms)
        if key not in made:
            options = {"imgsz": size, "nms": nms, "simplify": False, "dynamic": False, "device": "cpu", "verbose": False}
            file = Path(ultralytics.YOLO(weights_of(kind)).export(format="onnx", **options))
            made[key] = file.rename(file.with_name(f"{kind}-{size[0]}-{nms}.onnx"))
        return made[key]

    return get
