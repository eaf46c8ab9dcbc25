"""Where the product keeps its files on one machine."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def data_folder() -> Path:
    """MOTCUA_DATA; else the user's data folder, and for root /var/lib/motcua, where its unprivileged servers can go too."""
    if given := os.environ.get("MOTCUA_DATA"):
        return Path(given).expanduser().absolute()
    if os.geteuid() == 0:
        return Path("/var/lib/motcua")
    return Path(platformdirs.user_data_dir("motcua", appauthor=False))
