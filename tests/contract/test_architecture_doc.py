"""The picture in the architecture page is the table that the code runs on."""

from __future__ import annotations

from support import lifecycle_diagram


def test_the_life_cycle_in_the_architecture_page_is_the_one_of_the_code() -> None:
    page = lifecycle_diagram.PAGE.read_text(encoding="utf-8")

    drawn = lifecycle_diagram.generated_part(page)

    assert drawn == lifecycle_diagram.section(), "docs/architecture.md is out of date: run 'make docs' and commit it"
