"""Leave exactly one OpenCV in this environment: ``python one_opencv.py``.

Several packages on PyPI put their files into the same folder ``cv2`` and break each other; other libraries ask for
different ones of them. The product works with ``opencv-python-headless`` 4.x, which has everything the others are asked for
here. Standard library only, and it imports nothing of OpenCV.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import distributions
from pathlib import Path

WANTED = "opencv-python-headless"
OTHERS = ("opencv-python", "opencv-contrib-python", "opencv-contrib-python-headless")
CONSTRAINTS = Path(__file__).parents[1] / "constraints.txt"


def installed() -> dict[str, str]:
    """Version of every OpenCV distribution that is installed."""
    found = {re.sub(r"[-_.]+", "-", d.metadata["Name"] or "").lower(): d.version for d in distributions()}
    return {name: version for name, version in found.items() if name in (WANTED, *OTHERS)}


def others(found: Mapping[str, str]) -> list[str]:
    """What has to go, given the versions of what is installed."""
    return sorted(name for name in found if name != WANTED)


def main() -> int:
    """Mend the environment where that is needed; 0 when one working 4.x is left."""
    found = installed()
    wrong = others(found)
    if not found:
        return 0
    if wrong or not found.get(WANTED, "").startswith("4."):
        print(f"keeping one OpenCV: removing {', '.join(wrong) or WANTED}", flush=True)
        pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, "uninstall", "-y", *wrong, *([WANTED] if WANTED in found else [])], check=True)
        limits = ["-c", str(CONSTRAINTS)] if CONSTRAINTS.exists() else []
        subprocess.run([*pip, "install", "--no-deps", *limits, f"{WANTED}>=4.10,<5"], check=True)
    check = [sys.executable, "-c", "import cv2; assert cv2.__version__.startswith('4.'), cv2.__version__"]
    return subprocess.run(check, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
