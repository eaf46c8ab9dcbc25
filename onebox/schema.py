"""Write the JSON Schema of the messages: ``python -m motcua.onebox.schema``."""

from __future__ import annotations

import json
from pathlib import Path

from motcua.edge.messages import json_schema

TARGET = Path(__file__).parents[1] / "docs" / "schema" / "messages.json"


def main() -> None:
    """Overwrite ``docs/schema/messages.json`` with the schema of the code."""
    TARGET.write_text(json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
