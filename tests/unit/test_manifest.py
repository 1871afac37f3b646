"""A service's manifest: what is accepted, and file, line and key of everything that is not."""

from __future__ import annotations

import pytest

from released.domain.ops_repo.manifest import InvalidManifest, Manifest, parse_manifest
from support.evidence import Evidence

FILE = "packages/wikijs/manifest.yaml"
SPECIFIED = """\
name: wikijs                    # service id, equals its folder
display_name: Wiki.js
priority: 20                    # start order, lower first
depends_on: [postgres]
stateful: true                  # revert asks before it restores data
image: {name: requarks/wiki, tag: '2.5.300', env_var: WIKIJS_IMAGE_TAG, build: false}
containers:
  - {name: wikijs, role: app, required: true, health_check: true}   # CONTAINER_PREFIX is put in front, plainly
health: {endpoint: 'http://127.0.0.1:8082/healthz', expected_code: 200, timeout: 120s}
backup:
  enabled: true
  type: [database, volume]      # database | volume | workspace | config, one or several
  quiesce: stop                 # none | pause | stop, for volumes
  database: {engine: postgresql, container: wikijs-postgres, name: wiki, user: wiki}   # container prefixed too
  volumes: [wikijs-data]        # found by Compose label, then by name with and without prefix
  retention: 7
fixes: {post_restore: {functions: [chown-data]}}   # named hooks run after a restore
"""


def parsed(text: str) -> Manifest:
    return parse_manifest(text, FILE, "wikijs")[0]


def with_line(line: str) -> Manifest:
    return parsed(f"name: wikijs\n{line}\n")


def faults(text: str) -> list[str]:
    with pytest.raises(InvalidManifest) as caught:
        parse_manifest(text, FILE, "wikijs")
    assert all(problem.startswith(f"{FILE}:") and "\n" not in problem for problem in caught.value.problems)
    return [problem.removeprefix(f"{FILE}:") for problem in caught.value.problems]


def test_the_manifest_of_the_manual_is_accepted_without_a_warning() -> None:
    manifest, warnings = parse_manifest(SPECIFIED, FILE, "wikijs")
    assert warnings == []
    assert (manifest.priority, manifest.health.timeout, manifest.backup.type) == (20, 120.0, ["database", "volume"])


def test_a_name_alone_is_a_manifest() -> None:
    assert parsed("name: wikijs\n").containers == []


# --- versions, words and numbers as they were typed ----------------------------------------------------------------


def test_a_version_without_quotes_is_refused_as_it_was_typed() -> None:
    assert faults("name: wikijs\nimage: {name: a, tag: 1.10}\n") == ["2: image.tag: expected text in quotes, got 1.10"]


@pytest.mark.parametrize("tag", ["'1.10'", "2.5.300", "latest", "no", "0755", "2026-05-18", "1_0", "1e3", "0x1f"])
def test_a_tag_stays_as_it_was_typed(tag: str) -> None:
    image = with_line(f"image: {{name: a, tag: {tag}}}").image
    assert image is not None
    assert image.tag == tag.strip("'")


@pytest.mark.parametrize("word", ["no", "yes", "on", "off", "True", "FALSE", "'true'"])
def test_only_true_and_false_are_booleans(word: str) -> None:
    assert faults(f"name: wikijs\nstateful: {word}\n") == [
        f"2: stateful: expected true or false, got '{word.strip(chr(39))}'"
    ]


@pytest.mark.parametrize("number", ["0755", "0x10", "1_000", "'20'", "1e3", "9" * 5000])
def test_only_plain_decimal_numbers_are_numbers(number: str) -> None:
    (fault,) = faults(f"name: wikijs\npriority: {number}\n")
    assert fault.startswith("2: priority: expected a whole number, got '")
    assert len(fault) < 200


@pytest.mark.parametrize(("value", "seconds"), [("120s", 120.0), ("2m", 120.0), ("90", 90.0), ("0.5", 0.5)])
def test_a_timeout_is_a_duration_or_a_number_of_seconds(value: str, seconds: float) -> None:
    assert with_line(f"health: {{timeout: {value}}}").health.timeout == seconds


# --- every kind of fault with its line and key ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ("name: 1234", "1: name: expected text in quotes, got 1234"),
        ("name: Wiki", "1: name: expected a service name, got 'Wiki'"),
        ("name: other", "1: name: expected 'wikijs' (its folder's name), got 'other'"),
        ("display_name: x", "1: name: expected a value, got nothing"),
        ("name: wikijs\nimage: {name: a}", "2: image.tag: expected a value, got nothing"),
        ("name: wikijs\nimage: nginx", "2: image: expected a mapping, got 'nginx'"),
        ("name: wikijs\nimage:\n  name: a\n  tag: 'a b'", "4: image.tag: expected an image tag, got 'a b'"),
        (
            "name: wikijs\nimage: {name: 'a\n\n', tag: b}",
            "2: image.name: expected an image name without its tag, got 'a\\n'",
        ),
        (
            "name: wikijs\nimage: {name: a, tag: b, env_var: A-B}",
            "2: image.env_var: expected the name of a variable, got 'A-B'",
        ),
        ("name: wikijs\ncontainers: app", "2: containers: expected a list, got 'app'"),
        ("name: wikijs\ncontainers:\n  - role: app", "3: containers.0.name: expected a value, got nothing"),
        (
            "name: wikijs\ncontainers:\n  - name: a\n  - name: --rm",
            "4: containers.1.name: expected a name of letters, digits, '_', '.' or '-', got '--rm'",
        ),
        ("name: wikijs\ndepends_on: [1]", "2: depends_on.0: expected text in quotes, got 1"),
        (
            "name: wikijs\nhealth: {timeout: soon}",
            "2: health.timeout: expected a duration such as 30s, 5m or 2h, got 'soon'",
        ),
        ("name: wikijs\nhealth: {timeout: 0}", "2: health.timeout: expected greater than 0, got 0"),
        ("name: wikijs\nhealth: {timeout: true}", "2: health.timeout: expected a number, got true"),
        (
            "name: wikijs\nhealth: {endpoint: 'file:///etc/passwd'}",
            "2: health.endpoint: expected http://… or https://…, got 'file:///etc/passwd'",
        ),
        (
            "name: wikijs\nhealth: {expected_code: 99}",
            "2: health.expected_code: expected greater than or equal to 100, got 99",
        ),
        (
            "name: wikijs\nbackup: {quiesce: kill}",
            "2: backup.quiesce: expected 'none', 'pause' or 'stop', got 'kill'",
        ),
        (
            "name: wikijs\nbackup: {type: volumes}",
            "2: backup.type.0: expected 'database', 'volume', 'workspace' or 'config', got 'volumes'",
        ),
        (
            "name: wikijs\nbackup:\n  enabled: true\n  type: volume",
            "2: backup: expected volumes to name at least one volume, since type has volume, got none",
        ),
        (
            "name: wikijs\nbackup: {enabled: true}",
            "2: backup: expected type to name what is backed up, since enabled is true, got none",
        ),
        ("name: wikijs\nfixes: [chown-data]", "2: fixes: expected a mapping, got a list"),
        (
            "name: wikijs\nfixes:\n  post_restore: {functions: chown-data}",
            "3: fixes.post_restore.functions: expected a list, got 'chown-data'",
        ),
        (
            "name: wikijs\nfixes:\n  post_restore:\n    functions:\n      - chown-data\n      - ../rm",
            "6: fixes.post_restore.functions.1: expected the name of a hook, got '../rm'",
        ),
        ("", "1: (document): expected a mapping, got nothing"),
        ("- name: wikijs", "1: (document): expected a mapping, got a list"),
        ("wikijs", "1: (document): expected a mapping, got 'wikijs'"),
    ],
)
def test_a_fault_is_told_with_its_line_and_key(lines: str, fault: str) -> None:
    assert faults(lines) == [fault]


def test_all_faults_are_told_at_once() -> None:
    text = "name: wikijs\npriority: high\nstateful: maybe\nimage:\n  name: a\n"
    assert [fault.partition(": expected")[0] for fault in faults(text)] == [
        "2: priority",
        "3: stateful",
        "4: image.tag",
    ]


# --- what is no YAML, or more than plain data ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("name: wikijs\nname: wiki", "2: name: expected each key once, got 'name' twice"),
        ("health:\n  timeout: 1s\n  timeout: 2s", "3: health.timeout: expected each key once, got 'timeout' twice"),
        ("a: &x [1]\nb: *x", "2: (document): expected no aliases, got *x"),
        ("a: &a [x]\nb: &b [*a, *a]", "2: (document): expected no aliases, got *a"),
        ("name: !!str wikijs", "1: (document): expected no tags, got !!str"),
        ("priority: !!int many", "1: (document): expected no tags, got !!int"),
        (
            "a:\n  !!python/object:os.system {}",
            "2: (document): expected no tags, got !!python/object:os.system",
        ),
        ("!own key: 1", "1: (document): expected no tags, got !own"),
        ("a: " + "[" * 5000, "1: (document): expected at most 32 levels of nesting, got more"),
        ("a: " + "{a: " * 40 + "}" * 40, "1: (document): expected at most 32 levels of nesting, got more"),
        ("name: wikijs\n? [a, b]\n: c", "2: (document): expected a key of plain text, got a list or a mapping"),
        ("name: wikijs\nx: \0", "2: (document): expected printable text, got the character U+0000"),
        ("name: 'open", "1: (document): expected YAML, got an error: found unexpected end of stream"),
        ("a: 1\n---\nb: 2", "2: (document): expected YAML, got an error: but found another document"),
        ("a: [1, 2", "1: (document): expected YAML, got an error: expected ',' or ']', but got '<stream end>'"),
        ("x: '" + "y" * (1 << 20) + "'", "1: (document): expected at most 1048576 characters, got 1048581"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_more_than_plain_data_is_refused(text: str, fault: str, evidence: Evidence) -> None:
    """Row 50: aliases, tags, depth, and whatever else is more than plain data."""
    assert faults(text) == [fault]
    evidence.fired()


# --- keys that nobody knows --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "warning"),
    [
        ("owner: ops", "2: owner: unknown key"),
        ("health:\n  retries: 3", "3: health.retries: unknown key"),
        (
            "backup:\n  database: {engine: e, container: c, name: n, user: u, port: 1}",
            "3: backup.database.port: unknown key",
        ),
        ("fixes:\n  pre_restore: {}", "3: fixes.pre_restore: unknown key"),
        ("fixes: {post_restore: {function: [a]}}", "2: fixes.post_restore.function: unknown key"),
        ("containers:\n  - name: a\n  - name: b\n    helth_check: true", "5: containers.1.helth_check: unknown key"),
    ],
)
def test_an_unknown_key_is_a_warning_with_its_line(lines: str, warning: str) -> None:
    _, warnings = parse_manifest(f"name: wikijs\n{lines}\n", FILE, "wikijs")
    assert warnings == [f"{FILE}:{warning}"]


def test_a_fix_names_the_hooks_that_run_after_a_restore() -> None:
    assert parsed(SPECIFIED).fixes.post_restore.functions == ["chown-data"]
    assert parsed("name: wikijs\n").fixes.post_restore.functions == []


def test_one_kind_of_backup_needs_no_list() -> None:
    assert with_line("backup: {enabled: true, type: config}").backup.type == ["config"]


def test_a_backup_that_is_not_enabled_needs_no_type() -> None:
    assert not with_line("backup: {quiesce: none}").backup.enabled
