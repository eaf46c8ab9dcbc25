"""The sample video: each provider, a broken file, nothing reachable, the cache."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from motcua.models.download import Progress
from motcua.onebox import video


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MOTCUA_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder and its address on a local web server."""
    folder = tmp_path / "web"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_the_file_of_the_repository_is_checked_and_kept(
    served: tuple[Path, str], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, address = served
    (folder / "vtest.avi").write_bytes(b"a video")
    monkeypatch.setattr(video, "SHA256", hashlib.sha256(b"a video").hexdigest())
    provider = partial(video.from_opencv, address=f"{address}/vtest.avi")
    path = video.sample_video(providers=[provider])
    assert path == cache / "video" / "vtest.avi"
    assert path.read_bytes() == b"a video"
    (folder / "vtest.avi").unlink()
    assert video.sample_video(providers=[provider]) == path, "the second time comes from the cache"


def test_a_broken_file_is_refused_and_the_next_provider_asked(served: tuple[Path, str]) -> None:
    folder, address = served
    (folder / "vtest.avi").write_bytes(b"half a vid")

    def other(target: Path, progress: Progress | None) -> None:
        target.write_bytes(b"whole")

    path = video.sample_video(providers=[partial(video.from_opencv, address=f"{address}/vtest.avi"), other])
    assert path.read_bytes() == b"whole"


def test_where_nothing_is_reachable_it_says_so_in_one_sentence(cache: Path) -> None:
    with pytest.raises(video.VideoError, match=r"no sample video \(.*\): give one of your own with --video PATH"):
        video.sample_video(providers=[partial(video.from_opencv, address="http://127.0.0.1:1/vtest.avi")])
    assert not (cache / "video" / "vtest.avi").exists()


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="no dpkg here")
def test_the_file_is_taken_out_of_a_debian_package(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "package"
    (source / "DEBIAN").mkdir(parents=True)
    (source / "DEBIAN" / "control").write_text(
        "Package: opencv-doc\nVersion: 1\nArchitecture: all\nMaintainer: x\nDescription: x\n"
    )
    (source / "usr/share/doc").mkdir(parents=True)
    (source / "usr/share/doc/vtest.avi").write_bytes(b"packed")

    def download(folder: Path, progress: Progress | None) -> bool:
        subprocess.run(["dpkg-deb", "-b", source, folder / "opencv-doc_1_all.deb"], check=True, capture_output=True)
        return True

    monkeypatch.setattr(video, "_download_package", download)
    monkeypatch.setattr(video, "SHA256", hashlib.sha256(b"packed").hexdigest())
    assert video.sample_video(providers=[video.from_debian]).read_bytes() == b"packed"
    assert [p.name for p in (cache / "video").iterdir()] == ["vtest.avi"], "nothing else is left behind"


def test_a_folder_that_cannot_be_written_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTCUA_CACHE", "/proc/nowhere")
    with pytest.raises(video.VideoError, match="name another in MOTCUA_CACHE"):
        video.sample_video()
