"""Both languages say everything, with the same fields; every word that the code asks for is there."""

from __future__ import annotations

import json
import re
import string
from pathlib import Path

import pytest

from motcua.analytics.admin.kinds import KINDS
from motcua.dashboard import shell
from motcua.dashboard.pages import admin_more, admin_paths, bias, faces, office_parts, roster
from motcua.dashboard.states import BLIND_REASONS, MARKS
from motcua.dashboard.words import LANGS, known_lang, words

ROOM = Path(shell.__file__).parent
VI, EN = words("vi").texts, words("en").texts


ADMIN_FIELDS = {field.name: field for kind in KINDS.values() for field in kind.fields}
CODES = (
    "missing choice pattern too_long text day number control phone point_pair ends_before swapped metres abroad time yesno "
)
CODES += (
    "link hours_pair hours_order overlap no_office no_procedure unknown_field duplicate code_taken cycle children devices "
)
CODES += (
    "not_yours past_day key_changed other too_many_cells not_feature not_point file_empty file_kind file_large file_long "
)
CODES += (
    "file_utf8 file_utf16 file_binary file_csv file_column file_twice file_json file_deep file_geojson file_crs file_other"
)
ADMIN_CODES = CODES.split()


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_no_key_is_missing_in_either_language() -> None:
    assert VI.keys() == EN.keys()
    assert [key for key in VI if not VI[key].strip() or not EN[key].strip()] == []


@pytest.mark.parametrize("key", sorted(VI))
def test_both_languages_use_the_same_fields(key: str) -> None:
    assert fields(VI[key]) == fields(EN[key])


def test_plurals_come_in_pairs() -> None:
    stems = {key.rsplit(".", 1)[0] for key in VI if key.endswith((".one", ".other"))}
    assert all(f"{stem}.one" in VI and f"{stem}.other" in VI for stem in stems)


def test_every_word_that_the_code_names_exists() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in ROOM.rglob("*.py"))
    asked = set(re.findall(r'\b(?:words|say|spoken)\(\s*"(\w+)"', code))
    counted = {f"{key}.one" for key in re.findall(r'words\.count\(\s*"(\w+)"', code)}
    assert len(asked) > 40, "the pattern above no longer finds the code's words"
    assert (asked | counted | set(shell.SCRIPT_WORDS)) - VI.keys() == set()


def test_every_computed_word_exists() -> None:
    computed = {f"{kind}_{name}" for name in MARKS for kind in ("mark", "legend")}
    computed |= {f"provenance_{p}" for p in ("camera", "kiosk", "import", "replay", "simulated")}
    computed |= {f"{k}_{p}" for p in ("replay", "simulated") for k in ("provenance_letter", "not_real", "banner", "legend")}
    computed |= {f"blind_{reason}" for reason in BLIND_REASONS}
    computed |= {f"status_{status}" for status in (*office_parts.KNOWN_STATUS, "unknown")}
    computed |= {f"role_{role}" for role in (*shell.ROLES, "other")} | {
        f"method_{m}" for m in ("camera", "tickets", "model")
    }
    computed |= {f"kind_{kind}" for kind in (*office_parts.KINDS, "other")}
    computed |= {f"mode_{m}{means}" for m in faces.MODES for means in ("", "_means")} | set(roster.SENTENCES.values())
    computed |= {f"day_{d}" for d in range(1, 8)} | {f"expression_{s}" for s in ("insufficient", "few_officers")}
    computed |= {f"do_{a}" for a in ("add", "change", "ask", "confirm", "withdraw")}
    computed |= {f"counter_{state}" for state in ("serving", "open", "closed", "unknown")}
    assert computed - VI.keys() == set()


def test_every_computed_word_of_the_bias_audit_exists() -> None:
    computed = {f"bias_by_{d}" for d in bias.DIMENSIONS} | {f"acol_bias_{d}" for d in bias.DIMENSIONS}
    computed |= {f"bias_no_{reason}" for reason in bias.REASONS} | {f"bias_slope_{d}" for d in ("light", "face_px")}
    computed |= {f"bias_fact_{fact}" for fact in ("accuracy", "balanced", "ece", "temperature", "refused")}
    computed |= {f"bias_{state}" for state in ("few", "withheld", "calibrated", "uncalibrated")}
    computed |= {f"bias_audit_{state}" for state in ("none", "other_model")}
    assert computed - VI.keys() == set()


def test_every_computed_word_of_the_administration_exists() -> None:
    kinds = (*admin_paths.RECORDS, *admin_paths.OTHERS)
    computed = {f"admin_{what}_{kind}" for kind in kinds for what in ("k", "about")}
    computed |= {f"admin_help_{kind}" for kind in kinds if kind != "audit"} | {f"admin_f_{f}" for f in ADMIN_FIELDS}
    computed |= {f"admin_e_{code}" for code in (*ADMIN_CODES, "key", "username", "ingestor", "target")}
    computed |= {f"admin_f_{column}" for columns in admin_more.COLUMNS.values() for column in columns}
    computed |= {f"admin_c_{c}" for fields in admin_more.FIELDS.values() for f in fields for c in f["choices"]}
    computed |= {f"admin_c_{c}" for f in ADMIN_FIELDS.values() for c in f.choices}
    assert computed - VI.keys() == set()


def test_no_word_is_left_over() -> None:
    code = "".join(
        path.read_text(encoding="utf-8") for pattern in ("*.py", "*.js", "*.html") for path in ROOM.rglob(pattern)
    )
    built = ("mark_", "legend_", "provenance_", "not_real_", "banner_", "status_", "role_", "method_", "counter_", "col_")
    built = (
        *built,
        "sentiment_",
        "conn_",
        "def_",
        "blind_",
        "hall_lane_",
        "hall_state_",
        "kind_",
        "trend_",
        "view_",
        "zoom_",
    )
    built = (
        *built,
        "acol_",
        "finding_",
        "beside_",
        "fit_",
        "channel_",
        "reason_",
        "figure_",
        "verdict_",
        "assumes_",
        "band_",
        "did_",
        "say_",
        "do_",
        "proposal_",
        "admin_",
        "bias_",
        "alert_state_",
        "alert_kind_",
        "alert_because_",
        "alert_did_",
        "alert_error_",
        "rule_",
        "day_",
        "field_",
        "mode_",
        "when_",
        "expression_",
        "comment_",
        "span_",
        "hist_",
        "hcol_",
        "kpi_",
        "weekday_",
        "wall_state_",
        "wall_lane_",
        "wall_not_real_",
    )
    stems = {key.rsplit(".", 1)[0] if key.endswith((".one", ".other")) else key for key in VI}
    assert [stem for stem in stems if stem not in code and not stem.startswith(built)] == []


def test_no_two_files_of_a_language_say_the_same_key() -> None:
    for lang in LANGS:
        files = sorted((ROOM / "i18n").glob(f"{lang}.*json"))
        said = [key for file in files for key in json.loads(file.read_text(encoding="utf-8"))]
        assert len(said) == len(set(said)) == len(words(lang).texts)


def test_plurals_and_unknown_languages() -> None:
    assert words("en").count("n_waiting", 1) == "1 person waiting"
    assert words("en").count("n_waiting", 1200) == "1,200 people waiting"
    assert words("vi").count("n_waiting", 1200) == "1.200 người đang chờ"
    assert [known_lang(value) for value in ("en", "fr", None)] == ["en", "vi", "vi"]
    assert LANGS[0] == "vi"
