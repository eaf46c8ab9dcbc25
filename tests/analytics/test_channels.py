"""Channels: the file, real receivers, and what may not be reached or shown."""

from __future__ import annotations

import io
import logging
import socket
import threading
from pathlib import Path

import pytest
from alert_feed import channels_file, mail_receiver, web_receiver

from motcua.analytics.alert_words import LANGS, facts_of, message, texts
from motcua.analytics.channels import Channel, ChannelError, is_public, read, send

SECRET = "geheim-7-mat-khau"
NOTICE = {
    "office_id": "vl-1",
    "office_name": "Xã Hoà Hiệp\r\nBcc: somebody@example.org",
    "alerts": [
        {
            "alert_id": "0b0e2a3c-0000-5000-8000-000000000001",
            "said": "raised",
            "kind": "wait_over",
            "subject": "",
            "facts": {"expected_wait_s": 1630, "low_s": 1000, "high_s": 2401, "waiting": 14},
            "provenance": "simulated",
            "because": None,
            "at": "2026-03-02T05:00:00+00:00",
        }
    ],
}


def channel(address: str, **fields: object) -> Channel:
    return Channel.model_validate({"name": "duty", "address": address, **fields})


def test_a_webhook_takes_a_message_in_two_languages() -> None:
    with web_receiver() as web:
        hook = channel(f"json://x:{SECRET}@127.0.0.1:{web.port}/hook", internal=True, languages=["vi", "en"])
        assert send(hook, *message([NOTICE], hook.languages, "https://staff.example/")) is None
    (got,) = web.got
    assert (
        got["title"] == "Xã Hoà Hiệp Bcc: somebody@example.org: 1 cảnh báo / Xã Hoà Hiệp Bcc: somebody@example.org: 1 alert"
    )
    vi, en = got["message"].split("—")[:2]
    assert "▲ Dự kiến chờ quá mục tiêu: dự kiến chờ 27 phút (16–41 phút), 14 người đang chờ. Từ 12:00 02/03/2026" in vi
    assert "SỐ LIỆU MÔ PHỎNG" in vi
    assert "Expected wait over the target" in en
    assert "https://staff.example/office/vl-1" in vi
    assert "https://staff.example/alerts/0b0e2a3c-0000-5000-8000-000000000001" in en


def test_an_e_mail_arrives_whole_with_one_subject() -> None:
    with mail_receiver() as box:
        address = f"mailto://clerk:{SECRET}@127.0.0.1:{box.port}?from=motcua@vinhlong.example&to=duty@vinhlong.example&mode=insecure&format=text"
        mail = channel(address, internal=True)
        assert send(mail, *message([NOTICE], mail.languages, "https://staff.example")) is None
    assert len(box.logins) == 1
    head, _, _ = box.mails[0].partition("\r\n\r\n")
    assert head.count("\nSubject:") + head.startswith("Subject:") == 1
    assert "\nBcc:" not in head
    assert SECRET not in box.mails[0]


@pytest.mark.parametrize(
    "address",
    ["json://127.0.0.1:{port}/", "json://localhost:{port}/", "json://[::1]:{port}/", "json://169.254.169.254/latest"],
)
def test_inside_is_not_reached_unless_the_file_says_so(address: str) -> None:
    with web_receiver() as web:
        assert send(channel(address.format(port=web.port)), "t", "b") == "internal"
        assert socket.create_connection(("127.0.0.1", web.port), 2).close() is None, "the rest of the process may"
    assert web.got == []


def test_a_redirect_is_not_followed() -> None:
    with web_receiver() as inside, web_receiver() as web:
        web.status, web.location = 307, f"http://127.0.0.1:{inside.port}/"
        assert send(channel(f"json://127.0.0.1:{web.port}/", internal=True), "t", "b") == "status:307"
    assert inside.got == []


def test_the_guard_is_one_threads_own() -> None:
    with web_receiver() as slow, web_receiver() as other:
        slow.hold = threading.Event()
        first = threading.Thread(target=send, args=(channel(f"json://127.0.0.1:{slow.port}/", internal=True), "t", "b"))
        first.start()
        assert send(channel(f"json://127.0.0.1:{other.port}/"), "t", "b") == "internal"
        assert send(channel(f"json://127.0.0.1:{other.port}/", internal=True), "t", "b") is None
        slow.hold.set()
        first.join(20)
    assert len(slow.got) == len(other.got) == 1


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True), ("2606:4700::1111", True), ("10.0.0.1", False), ("127.0.0.1", False), ("169.254.169.254", False),
        ("100.64.0.1", False), ("0.0.0.0", False), ("224.0.0.1", False), ("::1", False), ("fe80::1%eth0", False),
        ("::ffff:10.0.0.1", False), ("64:ff9b::a00:1", False), ("2002:a00:1::", False), ("fd00::1", False), ("x", False),
    ],
)  # fmt: skip
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public


def test_failures_are_told_apart_and_show_no_address() -> None:
    written = io.StringIO()
    root, handler = logging.getLogger(), logging.StreamHandler(written)
    level = root.level
    root.setLevel(logging.DEBUG)
    root.addHandler(handler)
    with web_receiver() as web:
        web.status = 503
        assert send(channel(f"json://x:{SECRET}@127.0.0.1:{web.port}/{SECRET}", internal=True), "t", "b") == "status:503"
        port = web.port
    assert send(channel(f"json://x:{SECRET}@127.0.0.1:{port}/", internal=True), "t", "b") == "no_connection"
    assert send(channel(f"nosuchservice://{SECRET}"), "t", "b") == "address"
    root.removeHandler(handler)
    root.setLevel(level)
    assert written.getvalue() == "", "what apprise says goes nowhere"
    assert SECRET not in repr(channel(f"json://{SECRET}"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[channel", "is not TOML"),
        ("x = 1", "holds \\[\\[channel\\]\\] entries"),
        ("channel = 3", "holds \\[\\[channel\\]\\] entries"),
        ("[[channel]]\nname = 'a'", "channel 1 of .*: address: Field required"),
        (f"[[channel]]\nname = 'Ä'\naddress = 'json://{SECRET}'", "channel 1 of .*: name"),
        (f"[[channel]]\nname = 'a'\naddress = 'file:///etc/{SECRET}'", "begins with a service"),
        (f"[[channel]]\nname = 'a'\naddress = '{SECRET}'", "begins with a service"),
        (f"[[channel]]\nname = 'a'\naddress = 'json://{SECRET}'\nkinds = ['x']", "kinds"),
        ("[[channel]]\nname = 'a'\naddress = 'json://x'\n" * 2, "the same name"),
    ],
)
def test_a_file_that_is_none_is_refused_without_repeating_it(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "channels.toml"
    path.write_text(text)
    with pytest.raises(ChannelError, match=says) as refused:
        read(path)
    assert SECRET not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_file_that_others_may_read_is_complained_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = channels_file(tmp_path, {"name": "a", "address": "json://x"})
    assert [c.name for c in read(path)] == ["a"]
    assert caplog.text == ""
    path.chmod(0o644)
    read(path)
    assert "chmod 600" in caplog.text
    with pytest.raises(ChannelError, match="cannot be read"):
        read(tmp_path / "none.toml")


def test_both_languages_say_everything() -> None:
    assert texts("vi").keys() == texts("en").keys()
    for lang in LANGS:
        for kind in ("wait_over", "counter_closed", "camera_blind", "no_data", "satisfaction_low"):
            assert facts_of(kind, "cam-1", {}, lang) == "" or "cam-1" in facts_of(kind, "cam-1", {}, lang)
    facts = {"share": 0.8125, "target": 0.95, "n": 64, "days": 7}
    assert facts_of("satisfaction_low", "", facts, "vi") == "81,3 % hài lòng trong 7 ngày (64 ý kiến), mục tiêu 95 %"
    assert facts_of("camera_blind", "cam-1", {"blind": "covered"}, "en") == "cam-1: lens covered"
