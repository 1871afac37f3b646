"""The lines of a playbook's repair: what is run, what only a person can do, and what comes afterwards."""

from __future__ import annotations

import pytest

from released.domain.errors import InvalidInput, Refused
from released.domain.playbooks.fix import Kind, agreed_command, fix_lines
from released.domain.playbooks.playbook import Fix, Playbook

PLAYBOOK = Playbook(
    id="stale-key",
    symptom="key of <service>",
    root_cause="It is old.",
    fix=Fix(
        adhoc="""\
# Edit .env: set KEY of <service>

docker restart \\
  <container>
releasectl resume <ticket>
"""
    ),
    verify=["docker inspect <container>", "releasectl status <ticket>"],
)
LINES = fix_lines(PLAYBOOK, {"service": "wiki", "ticket": "1234"})


def test_repair_comes_before_proof_and_what_is_typed_then_comes_last() -> None:
    assert [(line.kind, line.text) for line in LINES] == [
        (Kind.PERSON, "Edit .env: set KEY of wiki"),
        (Kind.FIX, "docker restart    <container>"),
        (Kind.VERIFY, "docker inspect <container>"),
        (Kind.AFTERWARDS, "releasectl resume 1234"),
        (Kind.AFTERWARDS, "releasectl status 1234"),
    ]


def test_a_command_with_a_placeholder_left_is_not_run() -> None:
    with pytest.raises(InvalidInput, match="<container>"):
        agreed_command(LINES, 1, LINES[1].text, PLAYBOOK.id, "1234")


@pytest.mark.parametrize(("number", "text"), [(0, LINES[0].text), (1, "docker restart web"), (9, "x")])
def test_nothing_is_run_but_a_command_that_was_agreed_to(number: int, text: str) -> None:
    lines = fix_lines(PLAYBOOK, {"container": "prod-wiki"})

    with pytest.raises(Refused) as refused:
        agreed_command(lines, number, text, PLAYBOOK.id, "1234")
    assert refused.value.code == "fix_changed"
    assert [one.argv for one in refused.value.next_commands] == [
        ("releasectl", "playbook", "apply", "stale-key", "1234")
    ]
