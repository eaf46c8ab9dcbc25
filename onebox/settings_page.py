"""Write the tables of ``docs/settings.md`` from the settings themselves: ``python -m motcua.onebox.settings_page``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from motcua.analytics.api.settings import ApiSettings
from motcua.analytics.settings import AlertSettings, DbSettings, IngestSettings
from motcua.dashboard.settings import DashboardSettings

PAGE = Path(__file__).parents[1] / "docs" / "settings.md"
PARTS: list[tuple[str, type[BaseSettings]]] = [
    ("Database (`motcua db`, `users`, `offices`)", DbSettings),
    ("Ingest (`motcua ingest`)", IngestSettings),
    ("API (`motcua api`)", ApiSettings),
    ("Alerts (`motcua alerts run`)", AlertSettings),
    ("Staff pages (`motcua dashboard`)", DashboardSettings),
]
BEGIN, END = "<!-- begin of what the code writes -->", "<!-- end of what the code writes -->"


def tables() -> str:
    """The generated part, as Markdown."""
    return "\n".join(f"## {title}\n\n{_table(settings)}\n" for title, settings in PARTS)


def page(text: str) -> str:
    """The page with its generated part brought up to date."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tables()}\n{END}{after}"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def _table(settings: type[BaseSettings]) -> str:
    prefix = settings.model_config.get("env_prefix", "")
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in settings.model_fields.items():
        rows.append(f"| `{prefix}{name.upper()}` | {_default(field.default)} | {field.description or ''} |")
    return "\n".join(rows)


def _default(value: Any) -> str:
    if value is PydanticUndefined:
        return "**needed**"
    return "none" if value in (None, "") else f"`{str(value).lower() if isinstance(value, bool) else value}`"


if __name__ == "__main__":
    main()
