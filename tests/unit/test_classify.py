"""Which services a changed path affects, and the reason that an operator is shown."""

from __future__ import annotations

import pytest

from released.domain.ops_repo.classify import UNMATCHED, affected, classify, unmatched

SERVICES = ["postgres", "redmine", "wikijs"]
NOTHING: dict[str, list[str]] = {}
SHARED = {"shared/theme/**": ["wikijs", "redmine"]}


def services_of(path: str, shared: dict[str, list[str]] = NOTHING) -> tuple[str, ...]:
    return classify([path], SERVICES, shared)[0].services


def rule_of(path: str, shared: dict[str, list[str]] = NOTHING) -> str:
    return classify([path], SERVICES, shared)[0].rule


@pytest.mark.parametrize(
    "path",
    [
        "packages/wikijs/manifest.yaml",
        "packages/wikijs/docker-compose.yaml",
        "packages/wikijs/tpl.env",
        "packages/wikijs/scripts/ensure-config.sh",
        "packages/wikijs/src/deep/down/app.js",
        "packages/wikijs/README.md",
        "packages/wikijs/docs/operations.md",
    ],
)
def test_any_path_of_a_package_affects_its_service_and_no_other(path: str) -> None:
    assert services_of(path) == ("wikijs",)


def test_a_package_whose_name_begins_like_a_service_is_another() -> None:
    assert services_of("packages/wikijs-old/manifest.yaml") == ()


def test_a_deleted_package_affects_nothing_and_says_so() -> None:
    assert rule_of("packages/gone/manifest.yaml") == (
        "packages/gone has no manifest in the commit to be released (deleted package?)"
    )


def test_a_file_beside_the_packages_belongs_to_none() -> None:
    assert classify(["packages/common.env"], SERVICES, {})[0].rule == UNMATCHED


@pytest.mark.parametrize("path", ["README.md", "docs/a/b.png", "LICENSE", "guide/how.md", "docs/index.html"])
def test_documentation_affects_nothing(path: str) -> None:
    assert (services_of(path), rule_of(path)) == ((), "documentation")


def test_a_ticket_script_affects_no_service() -> None:
    assert rule_of("releases/1234-a.sh") == "a ticket script: run in phase ticket, affects no service"


def test_a_playbook_affects_no_service() -> None:
    assert rule_of("recovery/playbooks/release-x.yaml") == "a playbook: affects no service"


def test_a_path_that_no_rule_matches_is_listed() -> None:
    verdicts = classify(["Makefile", "README.md"], SERVICES, {})
    assert (unmatched(verdicts), affected(verdicts)) == (["Makefile"], [])


@pytest.mark.parametrize("path", ["shared/theme/a.css", "shared/theme/deep/a.css"])
def test_a_shared_path_affects_the_services_that_it_is_mapped_to(path: str) -> None:
    assert services_of(path, SHARED) == ("redmine", "wikijs")


def test_a_path_beside_a_shared_one_is_not_shared() -> None:
    assert services_of("shared/themes.css", SHARED) == ()


def test_all_patterns_that_match_a_path_count() -> None:
    assert services_of("shared/theme/a.css", {**SHARED, "shared/**": ["postgres"]}) == ("postgres", "redmine", "wikijs")


def test_configuration_wins_over_documentation() -> None:
    assert services_of("docs/api.md", {"docs/api.md": ["wikijs"]}) == ("wikijs",)


def test_a_path_of_a_package_can_affect_further_services() -> None:
    assert services_of("packages/wikijs/theme/a.css", {"packages/wikijs/theme/**": ["redmine"]}) == (
        "redmine",
        "wikijs",
    )


def test_a_folder_among_the_packages_that_is_no_service_can_be_mapped() -> None:
    assert services_of("packages/_shared/a.css", {"packages/_shared/**": ["redmine"]}) == ("redmine",)


def test_a_mapping_to_a_service_that_does_not_exist_affects_nothing() -> None:
    assert services_of("shared/a", {"shared/**": ["gone"]}) == ()


def test_patterns_tell_upper_from_lower_case() -> None:
    assert services_of("Shared/theme/a.css", SHARED) == ()


@pytest.mark.parametrize("packages", ["services", "deploy/packages"])
def test_the_folder_of_the_packages_can_be_named_otherwise(packages: str) -> None:
    verdict = classify([f"{packages}/wikijs/tpl.env"], SERVICES, {}, packages=packages)[0]
    assert (verdict.services, verdict.rule) == (("wikijs",), f"{packages}/wikijs/")


@pytest.mark.parametrize("releases", ["tickets", "deploy/tickets"])
def test_the_folder_of_the_scripts_can_be_named_otherwise(releases: str) -> None:
    assert classify([f"{releases}/1234-a.sh"], SERVICES, {}, releases=releases)[0].rule.startswith("a ticket script")


def test_affected_services_are_named_once_and_in_order() -> None:
    paths = ["packages/wikijs/a", "packages/postgres/a", "packages/wikijs/b"]
    assert affected(classify(paths, SERVICES, {})) == ["postgres", "wikijs"]


def test_every_path_gets_exactly_one_verdict() -> None:
    paths = ["Makefile", "packages/wikijs/a", "README.md"]
    assert [verdict.path for verdict in classify(paths, SERVICES, {})] == paths
