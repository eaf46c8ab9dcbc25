"""Downloads against a server that breaks off, refuses, changes its file, or does not know ranges."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from motcua.models.download import download
from motcua.models.errors import ModelError


def _fetch(server, target: Path, **options) -> str:
    return download(server.address, target, pause_s=0.001, timeout_s=5, **options)


def test_a_whole_file_arrives_with_progress(file_server, tmp_path) -> None:
    told: list[tuple[int, int | None]] = []
    found = _fetch(file_server, tmp_path / "w", progress=lambda done, total: told.append((done, total)))
    assert (tmp_path / "w").read_bytes() == file_server.body
    assert found == hashlib.sha256(file_server.body).hexdigest()
    assert told[-1] == (len(file_server.body), len(file_server.body))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["w"]


def test_a_broken_download_is_continued_where_it_broke(file_server, tmp_path) -> None:
    file_server.plan = [70_000, 1, "503"]
    _fetch(file_server, tmp_path / "w", sha256=hashlib.sha256(file_server.body).hexdigest())
    assert (tmp_path / "w").read_bytes() == file_server.body
    assert file_server.asked[0] is None
    assert file_server.asked[1] == "bytes=70000-"
    assert file_server.asked[-1] == "bytes=70001-"


def test_the_next_call_continues_what_an_earlier_one_left(file_server, tmp_path) -> None:
    file_server.plan = [50_000, *["503"] * 4]
    with pytest.raises(ModelError, match="cannot be downloaded .*it continues"):
        _fetch(file_server, tmp_path / "w")
    assert not (tmp_path / "w").exists()
    _fetch(file_server, tmp_path / "w")
    assert file_server.asked[-1] == "bytes=50000-"
    assert (tmp_path / "w").read_bytes() == file_server.body


def test_a_server_without_ranges_sends_all_again(file_server, tmp_path) -> None:
    file_server.ranges, file_server.plan = False, [70_000]
    _fetch(file_server, tmp_path / "w")
    assert (tmp_path / "w").read_bytes() == file_server.body


def test_a_part_that_is_whole_already_is_taken(file_server, tmp_path) -> None:
    (tmp_path / "w.part").write_bytes(file_server.body)
    _fetch(file_server, tmp_path / "w")
    assert (tmp_path / "w").read_bytes() == file_server.body


def test_a_part_longer_than_the_file_is_thrown_away(file_server, tmp_path) -> None:
    (tmp_path / "w.part").write_bytes(file_server.body + b"more")
    _fetch(file_server, tmp_path / "w")
    assert (tmp_path / "w").read_bytes() == file_server.body


def test_a_wrong_checksum_leaves_nothing_behind(file_server, tmp_path) -> None:
    with pytest.raises(ModelError, match="another checksum"):
        _fetch(file_server, tmp_path / "w", sha256="0" * 64)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("status", ["404", "403"])
def test_a_refusal_is_final(file_server, tmp_path, status: str) -> None:
    file_server.plan = [status]
    with pytest.raises(ModelError, match=f"answered {status}"):
        _fetch(file_server, tmp_path / "w")
    assert len(file_server.asked) == 1


def test_nobody_there_is_one_sentence(tmp_path) -> None:
    with pytest.raises(ModelError, match="check the connection"):
        download("http://127.0.0.1:9/none", tmp_path / "w", pause_s=0.001, timeout_s=1)
