"""Manifests, variables and scripts that are wrong in the commit to be released (spec: The ops repo)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.site import Site
    from support.stack import Stack


def test_every_fault_of_every_manifest_is_named_at_once_with_file_line_and_key(site: Site) -> None:
    web = "name: web\npriority: high\nhealth:\n  timeout: soon\n"
    slow = "name: slow\n\ncontainers:\n  - {name: slow, required: maybe}\n"
    site.merge("4001", {"packages/web/manifest.yaml": web, "packages/slow/manifest.yaml": slow})

    refusal = site.refuses("run", "4001")

    assert refusal.reason == "manifest_invalid"
    first, *faults = refusal.message.splitlines()
    assert first == "Manifests of the commit to be released are wrong:"
    assert [fault.partition(": expected ")[0] for fault in faults] == [
        "packages/slow/manifest.yaml:4: containers.0.required",
        "packages/web/manifest.yaml:2: priority",
        "packages/web/manifest.yaml:4: health.timeout",
    ]
    assert faults[1] == "packages/web/manifest.yaml:2: priority: expected a whole number, got 'high'"


def test_a_manifest_that_is_no_yaml_is_refused_at_its_line(site: Site) -> None:
    site.merge("4002", {"packages/web/manifest.yaml": "name: web\nimage: {name: web\n"})

    refusal = site.refuses("run", "4002")

    assert refusal.reason == "manifest_invalid"
    assert "packages/web/manifest.yaml:3: (document): expected YAML, got an error" in refusal.message


def test_an_invalid_manifest_of_a_service_that_the_range_does_not_affect_is_refused_too(site: Site) -> None:
    site.merge("4003", {"packages/slow/manifest.yaml": "name: quick\n"})
    site.git("pull", "--quiet", "--ff-only")
    site.merge("4004", {"packages/web/src/www/version": "web 2\n"})

    refusal = site.refuses("run", "4004")

    assert refusal.reason == "manifest_invalid"
    assert "packages/slow/manifest.yaml:1: name: expected 'slow' (its folder's name), got 'quick'" in refusal.message


def test_a_dependency_on_a_service_that_does_not_exist_is_refused(site: Site, running_stack: Stack) -> None:
    site.merge("4005", _depending(running_stack, "slow", "postgres"))

    refusal = site.refuses("run", "4005")

    assert refusal.reason == "manifest_invalid"
    line = 1 + running_stack.new_version("slow", "2")["packages/slow/manifest.yaml"].count("\n")
    expected = f"packages/slow/manifest.yaml:{line}: depends_on.0: expected a service of the ops repo, got 'postgres'"
    assert refusal.message.splitlines()[1:] == [expected]


def test_services_that_depend_on_each_other_in_a_circle_are_refused_also_when_one_of_them_is_affected(
    site: Site, running_stack: Stack
) -> None:
    site.merge("4006", _depending(running_stack, "web", "front"))

    refusal = site.refuses("run", "4006")

    assert refusal.reason == "dependency_cycle"
    assert "depends_on of these manifests goes round in a circle: " in refusal.message
    assert {"web", "front"} <= set(refusal.message.rstrip(".").split())


def test_variables_that_templates_name_and_dotenv_lacks_are_refused_all_at_once(site: Site) -> None:
    web, slow = "CONTAINER_PREFIX=\nSMTP_RELAY=\nSMTP_PORT=25\n", "export DELAY=\n"
    site.merge("4007", {"packages/web/tpl.env": web, "packages/slow/tpl.env": slow})

    refusal = site.refuses("run", "4007")

    assert refusal.reason == "env_variable_missing"
    assert refusal.message == (
        "packages/web/tpl.env names SMTP_RELAY, SMTP_PORT; packages/slow/tpl.env names DELAY; "
        f"{site.ops.checkout}/.env lacks that. Set it there, then run again."
    )


def test_a_dotenv_that_is_not_utf_8_is_refused_at_its_line(site: Site) -> None:
    (site.ops.checkout / ".env").write_bytes(b"CONTAINER_PREFIX=x\nCITY=K\xf6ln\n")
    site.merge("4008", {"packages/web/src/www/version": "web 2\n"})

    refusal = site.refuses("run", "4008")

    assert refusal.reason == "env_file_not_text"
    assert f"{site.ops.checkout}/.env:2: expected UTF-8 text" in refusal.message


@pytest.mark.parametrize("kind", ["database", "workspace"])
def test_a_backup_that_this_version_cannot_make_is_refused_and_its_type_named(
    site: Site, running_stack: Stack, kind: str
) -> None:
    files = running_stack.new_version("web", "2")
    manifest = files["packages/web/manifest.yaml"].replace("[volume, config]", f"[volume, {kind}]")
    site.merge(f"4009-{kind}", files | {"packages/web/manifest.yaml": manifest})

    refusal = site.refuses("run", f"4009-{kind}")

    assert refusal.reason == "backup_unsupported"
    assert f"packages/web/manifest.yaml asks for a backup of type {kind}" in refusal.message


@pytest.mark.parametrize(
    ("header", "complaint"),
    [
        ("repeatabel", "expected repeatable, timeout=DURATION or idle=DURATION, got 'repeatabel'"),
        ("timeout=soon", "'soon'"),
        ("idle=0s", "expected a limit longer than nothing, got '0s'"),
    ],
)
def test_a_script_whose_header_cannot_be_understood_is_refused(site: Site, header: str, complaint: str) -> None:
    site.merge("4010", {"releases/4010-mine.sh": f"#!/bin/sh\n# released: {header}\n"})

    refusal = site.refuses("run", "4010")

    assert refusal.reason == "script_header_invalid"
    assert "The header of releases/4010-mine.sh is wrong: " in refusal.message
    assert complaint in refusal.message


def test_a_hook_whose_header_cannot_be_understood_is_refused(site: Site) -> None:
    hook = "packages/front/scripts/post_start_init.20-more.sh"
    site.merge("4011", {hook: "#!/bin/sh\n# released: time=10m\n"})

    refusal = site.refuses("run", "4011")

    assert refusal.reason == "script_header_invalid"
    assert f"The header of {hook} is wrong: " in refusal.message


@pytest.mark.parametrize("folder", ["packages/web", "releases"])
def test_a_path_that_is_no_utf_8_is_refused_and_shown(bare_site: Site, folder: str) -> None:
    file = bare_site.ops.developer / folder / os.fsdecode(b"caf\xe9")
    file.parent.mkdir(parents=True)
    file.write_text("odd\n", encoding="utf-8")
    bare_site.merge("4012", {})

    refusal = bare_site.refuses("run", "4012")

    assert refusal.reason == "path_not_text"
    assert f"{folder}/caf\\xe9. Rename" in refusal.message


def _depending(stack: Stack, service: str, other: str) -> dict[str, str]:
    manifest = f"packages/{service}/manifest.yaml"
    files = stack.new_version(service, "2")
    return {manifest: f"{files[manifest]}depends_on: [{other}]\n"}
