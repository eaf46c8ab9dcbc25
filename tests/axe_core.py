"""axe-core from npm: what a page's accessibility is checked with."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path


def axe() -> str:
    """The text of axe-core, fetched and checked like the other package of npm."""
    tools = Path(__file__).parent / "tools"
    spec = importlib.util.spec_from_file_location("npm_install", tools / "timescale" / "install.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.PIN = json.loads((tools / "axe" / "pin.json").read_text())
    folder: Path = module.package_folder()
    return (folder / "axe.min.js").read_text(encoding="utf-8")
