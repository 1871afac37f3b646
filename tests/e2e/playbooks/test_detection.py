"""Detection: where it runs, that it changes nothing, and where its findings are told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from support.bare_sites import BareSites
    from support.site import Site


def test_detection_runs_where_it_is_asked_for_and_changes_nothing(own: Site) -> None:
    before = own.snapshot()

    said = own.client("playbook", "match", "1234", "--detect").stdout

    assert own.snapshot() == before
    assert "      ✓ echo what is known of articles\n          │ what is known of articles\n" in said
    assert "      ✗ touch made-by-1234\n          │ touch: cannot touch 'made-by-1234': Read-only file system\n" in said


def test_what_detection_found_is_on_record_and_shown_from_then_on(own: Site) -> None:
    own.client("playbook", "match", "1234", "--detect")

    events = [json.loads(payload) for _, kind, payload in own.log() if kind == "detection_ran"]
    ran = [event for event in events if event["playbook"] == "search-index-missing"]
    shown = own.document("playbook", "match", "1234")["matches"][0]["detection"]

    assert [check["matched"] for check in ran[-1]["checks"]] == [True, False]
    assert [check["exit_code"] for check in shown["checks"]] == [0, 1]
    assert shown["applies"] is False


def test_diagnose_tells_what_detection_found_and_offers_no_playbook_that_does_not_apply(own: Site) -> None:
    own.client("playbook", "match", "1234", "--detect")

    told = own.document("diagnose", "1234")
    typed = [command["argv"][1:3] for command in told["next"]]

    assert told["playbooks"][0]["detection"]["applies"] is False
    assert ["playbook", "apply"] not in typed
    assert "; it looked: that is not it\n" in own.client("diagnose", "1234").stdout


def test_where_the_configuration_forbids_it_no_detection_runs(sites: BareSites) -> None:
    site = sites.site("never")
    spoil(site)
    site.client("run", "1234")

    assert site.document("playbook", "match", "1234", "--detect", code=3)["error"]["reason"] == "detection_off"


def test_where_the_configuration_says_always_detection_needs_no_asking(sites: BareSites) -> None:
    site = sites.site("always")
    spoil(site)
    site.client("run", "1234")

    detection = site.document("playbook", "match", "1234")["matches"][0]["detection"]

    assert detection["applies"] is True
    assert detection["checks"][0]["untrusted_output"] == " M README.md\n"


def spoil(site: Site) -> None:
    """Let the release fail because of what a colleague left in the checkout."""
    (site.ops.checkout / "README.md").write_text("work of a colleague\n", encoding="utf-8")
