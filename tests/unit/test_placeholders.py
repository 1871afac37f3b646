"""What a playbook's placeholders stand for, and that nothing but plain words gets into a command."""

from __future__ import annotations

import pytest

from released.domain.errors import InvalidInput
from released.domain.playbooks.matching import Found
from released.domain.playbooks.placeholders import Filled, accepted, fill, fill_expectation, recorded_values
from released.domain.releases.release import ReleaseState, fold
from support.given_when_then import recorded, requested


def test_known_names_are_filled_and_unknown_ones_stay_and_are_named() -> None:
    filled = fill("docker logs <container> | grep <word> <container>", {"container": "prod-web"})

    assert filled == Filled("docker logs prod-web | grep <word> prod-web", ("word",))


def test_a_redirection_is_no_placeholder() -> None:
    assert fill("cat < .env > /dev/null", {}) == Filled("cat < .env > /dev/null")


@pytest.mark.parametrize(
    ("expect", "filled"),
    [
        ("got <image>,", Filled("got x/web:1.2,")),
        ("got <image> in <place>", Filled("got x/web:1.2 in <place>", ("place",))),
        ("/^<image>$/", Filled(r"/^x/web:1\.2$/")),
        ("/(?P<image>x+)/", Filled("/(?P<image>x+)/")),
    ],
)
def test_in_what_is_expected_a_value_means_itself_and_the_name_of_a_group_stays(expect: str, filled: Filled) -> None:
    assert fill_expectation(expect, {"image": "x/web:1.2"}) == filled


@pytest.mark.parametrize(
    ("symptom", "line", "values"),
    [
        (
            "The pull of <image> (<service>) failed:",
            "The pull of 127.0.0.1:1/x:2 (web) failed:",
            {"image": "127.0.0.1:1/x:2", "service": "web"},
        ),
        ("<script>: <variable>: unbound variable", "a.sh: line 3: KEY: unbound variable", {"variable": "KEY"}),
        ("<service> is affected", "[ERROR] web is affected", {"service": "web"}),
        ("HEAD stood at <commit>", f"HEAD stood at {'a' * 40}", {"commit": "a" * 40}),
    ],
)
def test_what_a_wildcard_of_the_symptom_stood_for_is_a_value(symptom: str, line: str, values: dict[str, str]) -> None:
    found = recorded_values(ReleaseState(), (), [Found(symptom, line)])

    assert values.items() <= found.items()


EVIL = {"-rf": None, "a;reboot": None, "$(reboot)": None, "a'b": None, "a b": "b", "`x`": None, "a\nb": "b"}
"""What a shell could read as more than a value, and the plain word at its end, if there is any."""


@pytest.mark.parametrize(("evil", "found"), EVIL.items())
def test_of_what_a_shell_could_read_as_more_than_a_value_only_a_plain_word_is_taken(
    evil: str, found: str | None
) -> None:
    values = recorded_values(ReleaseState(), (), [Found("no such <name>", f"no such {evil}")])

    assert values.get("name") == found


@pytest.mark.parametrize("evil", EVIL)
def test_what_a_shell_could_read_as_more_than_a_value_is_not_accepted(evil: str) -> None:
    with pytest.raises(InvalidInput):
        accepted({"name": evil})


def test_a_release_tells_its_ticket_and_of_the_failed_service_folder_container_and_image() -> None:
    values = recorded_values(fold(recorded(requested())), ("web",), ())

    assert values["ticket"] == "1234"
    assert values["service"] == "web"
    assert values["folder"] == "packages/web"
