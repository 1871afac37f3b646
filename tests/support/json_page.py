"""The fields that docs/json.md promises, by the object that has them."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "json.md").read_text(encoding="utf-8")


def promised() -> dict[str, set[str]]:
    """Read the table of objects."""
    table = PAGE.partition("## Objects")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (\w+) \| (.*) \|$", table, re.MULTILINE)
    return {name: set(re.findall(r"`(\w+)`", fields)) for name, fields in rows if name != "object"}
