"""The committed schema of playbook files is the model's own."""

from __future__ import annotations

from support import playbook_schema


def test_the_schema_of_playbook_files_is_that_of_the_model() -> None:
    committed = playbook_schema.FILE.read_text(encoding="utf-8")

    assert committed == playbook_schema.text(), "the schema is out of date: run 'make docs' and commit it"
