"""The JSON schema of playbook files, made of the model; ``make docs`` writes it, a test compares."""

from __future__ import annotations

import json
from pathlib import Path

from released.domain.playbooks.playbook import json_schema

FILE = Path(__file__).resolve().parents[2] / "recovery" / "playbooks" / "playbook.schema.json"


def text() -> str:
    """Give the content of the file."""
    return f"{json.dumps(json_schema(), indent=2, ensure_ascii=False)}\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
