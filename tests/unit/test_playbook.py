"""Playbook files: what is accepted, and file, line and path of everything that is not."""

from __future__ import annotations

import pytest

from released.domain.playbooks.playbook import Playbook, read_playbooks

FILE = "recovery/playbooks/release-disk.yaml"
SPECIFIED = """\
- id: disk-full
  symptom: |            # what the operator sees, with the text they would grep for
    write <path>: no space left on device
  detection:
    - command: df -h /var/lib/docker
      expect: /9[0-9]%|100%/
  root_cause: |         # honest about which layer is at fault
    The host's disk, not the release.
  fix:
    bootstrap_script: provision.sh:disks
    bootstrap_change: A bigger disk.
    adhoc: |            # commands that repair the running environment now
      docker image prune
  verify:
    - df -h /var/lib/docker
  services: [wiki]
  tags: [release, migrate]
"""
SHORT = "- {id: a, symptom: no space left, root_cause: The disk., fix: {adhoc: df -h}}\n"


def parsed(*texts: str) -> tuple[Playbook, ...]:
    library = read_playbooks((f"{number}.yaml", text.encode()) for number, text in enumerate(texts))
    assert library.problems == ()
    return library.playbooks


def faults(text: str | bytes) -> list[str]:
    content = text.encode() if isinstance(text, str) else text
    library = read_playbooks([(FILE, content)])
    assert all(problem.startswith(f"{FILE}:") and "\n" not in problem for problem in library.problems)
    return [problem.removeprefix(f"{FILE}:") for problem in library.problems]


def with_line(line: str) -> str:
    return f"- id: a\n  symptom: no space left\n  root_cause: The disk.\n  fix: {{adhoc: df}}\n  {line}\n"


def test_the_form_of_the_manual_is_accepted() -> None:
    (playbook,) = parsed(SPECIFIED)
    assert (playbook.id, playbook.services, playbook.tags) == ("disk-full", ["wiki"], ["release", "migrate"])


def test_id_symptom_root_cause_and_fix_are_an_entry() -> None:
    (playbook,) = parsed(SHORT)
    assert (playbook.detection, playbook.verify, playbook.services, playbook.tags) == ([], [], [], [])


def test_an_entry_knows_where_it_begins() -> None:
    library = read_playbooks([(FILE, f"# ours\n{SPECIFIED}".encode())])
    assert library.origins == {"disk-full": f"{FILE}:2"}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "1: (document): expected a list, got nothing"),
        ("[]", "1: (document): expected at least one, got an empty list"),
        ("id: a", "1: (document): expected a list, got a mapping"),
        ("- a", "1: 0: expected a mapping, got 'a'"),
        (SHORT.replace("id: a, ", ""), "1: 0.id: expected a value, got nothing"),
        (SHORT.replace("id: a", "id: Disk_Full"), "1: 0.id: expected an id-in-kebab-case, got 'Disk_Full'"),
        (SHORT.replace("id: a", "id: a;reboot"), "1: 0.id: expected an id-in-kebab-case, got 'a;reboot'"),
        (SHORT.replace("id: a", "id: $(reboot)"), "1: 0.id: expected an id-in-kebab-case, got '$(reboot)'"),
        (SHORT.replace("id: a", "id: ../a"), "1: 0.id: expected an id-in-kebab-case, got '../a'"),
        (SHORT.replace("symptom: no space left, ", ""), "1: 0.symptom: expected a value, got nothing"),
        (SHORT.replace("no space left", "' '"), "1: 0.symptom: expected some text, got ' '"),
        (
            SHORT.replace("no space left", "'<path>: <…>'"),
            "1: 0.symptom: expected a letter or digit beside <…> in each line, got '<path>: <…>'",
        ),
        (SHORT.replace("root_cause: The disk., ", ""), "1: 0.root_cause: expected a value, got nothing"),
        (SHORT.replace(", fix: {adhoc: df -h}", ""), "1: 0.fix: expected a value, got nothing"),
        (
            SHORT.replace("{adhoc: df -h}", "{bootstrap_script: a.sh}"),
            "1: 0.fix: expected bootstrap_change or adhoc to say what repairs it, got neither",
        ),
        (with_line("services: wiki"), "5: 0.services: expected a list, got 'wiki'"),
        (with_line("services: [--rm]"), "5: 0.services.0: expected a service name, got '--rm'"),
        (with_line("services: ['$(reboot)']"), "5: 0.services.0: expected a service name, got '$(reboot)'"),
        (with_line("services: ['web;reboot']"), "5: 0.services.0: expected a service name, got 'web;reboot'"),
        (with_line("tags: [1]"), "5: 0.tags.0: expected text in quotes, got 1"),
        (with_line("tags: ['two words']"), "5: 0.tags.0: expected one word, got 'two words'"),
        (with_line("verify: ['']"), "5: 0.verify.0: expected some text, got ''"),
        (with_line("detection: [{command: df}]"), "5: 0.detection.0.expect: expected a value, got nothing"),
    ],
)
def test_a_fault_is_told_with_its_line_and_path(text: str, fault: str) -> None:
    assert faults(text) == [fault]


@pytest.mark.parametrize("pattern", ["/a)/", "/a{99999999999}/", f"/{'(' * 9999}/"], ids=["open", "huge", "deep"])
def test_an_expectation_between_slashes_is_a_regular_expression(pattern: str) -> None:
    (fault,) = faults(with_line(f"detection: [{{command: df, expect: '{pattern}'}}]"))
    assert fault.startswith("5: 0.detection.0.expect: expected a regular expression between the slashes, got '/")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (with_line("sympton: x"), "5: 0.sympton: expected a known key (symptom?), got 'sympton'"),
        (with_line("owner: ops").replace("owner", "root-cause"), "5: 0.root-cause: expected a known key (root_cause?)"),
        (
            SHORT.replace("{adhoc", "{boostrap_change: x, adhoc"),
            "1: 0.fix.boostrap_change: expected a known key (bootstrap_change?)",
        ),
        (
            with_line("detection: [{command: df, expect: x, expects: y}]"),
            "5: 0.detection.0.expects: expected a known key (expect?), got 'expects'",
        ),
    ],
)
def test_an_unknown_key_is_an_error_with_the_nearest_known_one(text: str, fault: str) -> None:
    (told,) = faults(text)
    assert told.startswith(fault)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (with_line("id: b"), "5: 0.id: expected each key once, got 'id' twice"),
        ("- &a [x]\n- [*a, *a]", "2: (document): expected no aliases, got *a"),
        ("- !!python/object:os.system {}", "1: (document): expected no tags, got !!python/object:os.system"),
        ("- id: a\n  symptom: 'open", "2: (document): expected YAML, got an error: found unexpected end of stream"),
        ("[" * 9999, "1: (document): expected at most 32 levels of nesting, got more"),
        (b"# " + b"x" * 131_072, "1: (document): expected at most 131072 bytes, got 131074"),
        (b"# ours\n- id: \xfc", "2: (document): expected UTF-8 text, got the byte 0xfc"),
    ],
)
def test_what_is_more_than_plain_text_is_refused(text: str | bytes, fault: str) -> None:
    assert faults(text) == [fault]


def test_all_faults_of_all_files_are_told_at_once() -> None:
    library = read_playbooks(
        [("a.yaml", b"- {id: A, symptom: 1}"), ("b.yaml", SHORT.encode()), ("c.yaml", b"- id: \xff")]
    )
    assert [problem.partition(": expected")[0] for problem in library.problems] == [
        "a.yaml:1: 0.id",
        "a.yaml:1: 0.symptom",
        "a.yaml:1: 0.root_cause",
        "a.yaml:1: 0.fix",
        "c.yaml:1: (document)",
    ]


def test_a_file_with_a_fault_does_not_hide_the_others() -> None:
    library = read_playbooks([("a.yaml", b"- nonsense"), ("b.yaml", SHORT.encode())])
    assert [playbook.id for playbook in library.playbooks] == ["a"]


def test_an_id_that_another_file_has_is_a_fault_that_names_both_places() -> None:
    library = read_playbooks([("a.yaml", SHORT.encode()), ("b.yaml", f"\n{SHORT}".encode())])
    assert library.problems == ("b.yaml:2: id: expected an id of its own, got 'a', which a.yaml:1 has",)
