"""A proposal as a decision file: XLSX and PDF. The same facts as on the page, in Vietnamese or English."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

import xlsxwriter
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from motcua.analytics.store import REAL, VIET_NAM

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PDF = "application/pdf"
FONT, BOLD = "Roboto", "Roboto-Bold"
_LINE, _FLAG = colors.HexColor("#cfd6db"), colors.HexColor("#fff1cc")

Words = Mapping[str, str]
Data = Mapping[str, Any]


@cache
def words(lang: str) -> Words:
    """The file's words."""
    found: dict[str, Words] = json.loads(files("motcua.analytics").joinpath("export_words.json").read_text(encoding="utf-8"))
    return found[lang]


def facts(data: Data, w: Words, lang: str) -> list[tuple[str, str]]:
    """What stands at the top of both files: name and value."""
    a = data["evidence"]["attitude"]
    return [
        (w["officer"], f"{data['officer_name']} ({data['officer_id']})"),
        (w["office"], a["office_name"]),
        (w["period"], f"{data['period_start']:%d/%m/%Y} – {data['period_end'] - timedelta(days=1):%d/%m/%Y}"),
        (w["state"], w[f"state_{data['state']}"]),
        (w["proposed"], _band(data["band"], w)),
        (w["decided"], _band(data["decided_band"], w) if data["decided_band"] else w["none_yet"]),
        (w["score"], _number(a["points"], lang, 1, w)),
        (w["interval"], f"{_number(a['points_low'], lang, 1, w)} – {_number(a['points_high'], lang, 1, w)}"),
        (w["n"], str(a["n"])),
        (w["shifts"], str(a["shifts"])),
        (w["raw"], _number(a["raw"], lang, 2, w)),
        (w["adjusted"], _number(a["adjusted"], lang, 2, w)),
        (w["shrunk"], _number(a["score"], lang, 2, w)),
        (w["office_mean"], _number(a["office_mean"], lang, 2, w)),
        (w["weight"], _percent(a["weight"], lang, w)),
        (w["rule"], f"{data['rule_from']:%d/%m/%Y}"),
        (w["satisfaction"], _share(data["evidence"]["office_satisfaction"], lang, w)),
        (w["sentiment"], _sentiment(data["evidence"]["office_sentiment"], lang, w)),
    ]


def xlsx(data: Data, lang: str) -> bytes:
    """A workbook of two sheets. Cells are text or numbers, never formulas: a comment that begins with = stays a comment."""
    w, out = words(lang), io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    title = book.add_format({"bold": True, "font_size": 14})
    bold, wrap = book.add_format({"bold": True, "valign": "top"}), book.add_format({"text_wrap": True, "valign": "top"})
    flag = book.add_format({"bold": True, "bg_color": "#fff1cc", "text_wrap": True})
    sheet = book.add_worksheet(w["sheet_file"])
    sheet.set_column(0, 0, 48)
    sheet.set_column(1, 3, 42)
    sheet.write_string(0, 0, w["title"], title)
    sheet.write_string(1, 0, w["draft"])
    if data["provenance"] not in REAL:
        sheet.merge_range(2, 0, 2, 1, w["not_real"], flag)
    row = 4
    for name, value in facts(data, w, lang):
        sheet.write_string(row, 0, name, bold)
        sheet.write_string(row, 1, value, wrap)
        row += 1
    row += 1
    for i, name in enumerate((w["by_wait"], w["n"], w["mean"])):
        sheet.write_string(row, i, name, bold)
    for part in data["evidence"]["by_wait"]:
        row += 1
        sheet.write_string(row, 0, _wait(part["wait_min"], w))
        sheet.write_number(row, 1, part["n"])
        if part["mean"] is not None:
            sheet.write_number(row, 2, part["mean"])
    for text in (w["sentiment_note"], w["note"]):
        row += 2
        sheet.write_string(row, 0, text)
    steps = book.add_worksheet(w["sheet_steps"])
    steps.set_column(0, 2, 20)
    steps.set_column(3, 4, 60, wrap)
    for i, key in enumerate(("at", "who", "what", "decided", "words")):
        steps.write_string(0, i, w[key], bold)
    for n, step in enumerate(data["steps"], start=1):
        for i, text in enumerate(_step(step, w)):
            steps.write_string(n, i, text, wrap)
    book.close()
    return out.getvalue()


def pdf(data: Data, lang: str, made_at: datetime) -> bytes:
    """An A4 document with Vietnamese letters embedded."""
    _fonts()
    w, out = words(lang), io.BytesIO()
    body = ParagraphStyle("body", fontName=FONT, fontSize=9.5, leading=13)
    head = ParagraphStyle("head", parent=body, fontName=BOLD, fontSize=16, leading=21)
    part = ParagraphStyle(
        "part", parent=body, fontName=BOLD, fontSize=11.5, leading=15, spaceBefore=9, spaceAfter=3, keepWithNext=1
    )
    soft = ParagraphStyle("soft", parent=body, fontSize=8.5, leading=11.5, textColor=colors.HexColor("#4a5863"))
    warn = ParagraphStyle("warn", parent=body, fontName=BOLD, backColor=_FLAG, borderPadding=4, spaceBefore=6, spaceAfter=6)

    def p(text: str, style: ParagraphStyle = body) -> Paragraph:
        return Paragraph(escape(text).replace("\n", "<br/>"), style)

    story: list[Flowable] = [p(w["title"], head), p(w["draft"], soft)]
    if data["provenance"] not in REAL:
        story.append(p(w["not_real"], warn))
    story += [
        Spacer(1, 6),
        _table([[p(n, soft), p(v)] for n, v in facts(data, w, lang)], (62 * mm, 107 * mm), heading=False),
    ]
    rows = [[p(w["wait"], soft), p(w["n"], soft), p(w["mean"], soft)]]
    for one in data["evidence"]["by_wait"]:
        rows.append([p(_wait(one["wait_min"], w)), p(str(one["n"])), p(_number(one["mean"], lang, 2, w))])
    story += [p(w["by_wait"], part), _table(rows, (62 * mm, 30 * mm, 77 * mm)), Spacer(1, 4)]
    story += [p(w["sentiment_note"], soft), p(w["note"], soft), p(w["steps"], part)]
    steps = [[p(w[key], soft) for key in ("at", "who", "what", "decided", "words")]]
    steps += [[p(text) for text in _step(s, w)] for s in data["steps"]]
    story.append(_table(steps, (30 * mm, 25 * mm, 27 * mm, 23 * mm, 64 * mm)))

    def foot(canvas: Any, doc: Any) -> None:
        canvas.setFont(FONT, 8)
        canvas.drawString(18 * mm, 11 * mm, w["made_at"].format(at=made_at.astimezone(VIET_NAM).strftime("%H:%M %d/%m/%Y")))
        canvas.drawRightString(192 * mm, 11 * mm, w["page"].format(n=doc.page))

    margins = {"leftMargin": 18 * mm, "rightMargin": 18 * mm, "topMargin": 16 * mm, "bottomMargin": 18 * mm}
    SimpleDocTemplate(out, pagesize=A4, title=w["title"], author="motcua", lang=lang, **margins).build(
        story, onFirstPage=foot, onLaterPages=foot
    )
    return out.getvalue()


@cache
def _fonts() -> None:
    folder = files("font_roboto").joinpath("files")
    for name, file in ((FONT, "Roboto-Regular.ttf"), (BOLD, "Roboto-Bold.ttf")):
        pdfmetrics.registerFont(TTFont(name, str(folder.joinpath(file))))


def _table(rows: Sequence[Sequence[Paragraph]], widths: Sequence[float], heading: bool = True) -> Table:
    style = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (0, -1), 0),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ]
    return Table(rows, colWidths=widths, style=TableStyle(style), repeatRows=1 if heading else 0, hAlign="LEFT")


def _step(step: Data, w: Words) -> tuple[str, str, str, str, str]:
    at = step["at"].astimezone(VIET_NAM).strftime("%H:%M %d/%m/%Y")
    band = _band(step["band"], w) if step["band"] else ""
    return at, step["username"], w[f"action_{step['action']}"], band, step["words"] or ""


def _band(name: str, w: Words) -> str:
    return w.get(f"band_{name}", name)


def _wait(name: str, w: Words) -> str:
    return w["unknown"] if name == "unknown" else name.replace("-", "–")


def _number(value: float | None, lang: str, digits: int, w: Words) -> str:
    if value is None:
        return w["unknown"]
    text = f"{value:.{digits}f}"
    return text.replace(".", ",") if lang == "vi" else text


def _percent(value: float | None, lang: str, w: Words) -> str:
    return w["unknown"] if value is None else _number(value * 100, lang, 0, w) + (" %" if lang == "vi" else "%")


def _share(figure: Data, lang: str, w: Words) -> str:
    if figure["state"] != "ok":
        return w["unknown"]
    low, high = _percent(figure["low"], lang, w), _percent(figure["high"], lang, w)
    return f"{_percent(figure['share'], lang, w)} ({low} – {high}), n = {figure['n']}"


def _sentiment(row: Data, lang: str, w: Words) -> str:
    if row["state"] != "ok":
        return w["off"] if row["state"] == "off" else w["unknown"]
    low, high = _number(row["low"], lang, 2, w), _number(row["high"], lang, 2, w)
    return f"{_number(row['valence'], lang, 2, w)} ({low} – {high}), n = {row['n']}"
