"""What is concluded from the record of a failure: cause, recommendation, the exact next commands."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from released.domain import events as ev
from released.domain.diagnosis.diagnose import Past, diagnose, failure_to_tell_of
from released.domain.diagnosis.document import Cause, Diagnosis, Present
from released.domain.diagnosis.occurrence import likeness, occurrences
from released.domain.diagnosis.service_change import good_releases
from released.domain.failure import Failure, NextCommand
from released.domain.ids import Phase
from released.domain.releases.surroundings import ContainerSeen, Surroundings
from support.failing import UNKNOWN, halt, in_migrate, in_prepare, in_ticket, in_verify
from support.given_when_then import (
    BEGIN,
    BOOT,
    FIX,
    MERGE,
    REQUEST,
    TICKET,
    brought_back,
    halted,
    nothing_to_do,
    phase_done,
    plan,
    prepared,
    recorded,
    refused,
    requested,
    resumed,
    revert_requested,
    service,
    started,
    step_begun,
    step_done,
    whole_revert,
    whole_run,
    whole_undoing,
)

NOW = BEGIN + dt.timedelta(minutes=5)
WELL = ("✓ web.healthy: web", "✓ http-health: HTTP 200 (web)")
UNWELL = ("✗ web.healthy: unhealthy",)
SCRIPT = "releases/1234-work.sh ended with exit code 3.\nTo reproduce it:\n  cd /ops && releases/1234-work.sh --yes"


def told(*events: ev.Event, present: Present | None = None, past: Past | None = None) -> Diagnosis:
    return diagnose(TICKET, recorded(*events), past or Past(), present or Present(NOW, repo="/ops"))


def printed(*lines: str) -> Failure:
    return Failure("script_failed", SCRIPT, 3, "\n".join(lines))


def unhealthy(*lines: str) -> Failure:
    return Failure("unhealthy", "\n".join(lines))


def unconditional(of: Diagnosis) -> list[str]:
    return [" ".join(command.argv[1:]) for command in of.next if not command.condition]


def conditional(of: Diagnosis) -> list[str]:
    return [" ".join(command.argv[1:]) for command in of.next if command.condition]


# --- every row of "What goes wrong" ------------------------------------------------------------------------------

CAUSES = {
    "backup_failed": in_prepare(Failure("backup_failed", "The backup of web failed: no volume web-data.")),
    "disk_full": in_prepare(Failure("backup_failed", "The backup x failed: No space left on device. 0 bytes free.")),
    "service_exits": in_migrate(unhealthy("✗ web.running: web is exited (exit code 7)")),
    "unhealthy": in_migrate(unhealthy("✗ web.healthy: unhealthy")),
    "image_pull_failed": in_migrate(
        Failure("image_pull_failed", "The pull of x/wiki:9 (web) failed: manifest unknown. Nothing was stopped."),
        "web.image",
    ),
    "image_build_failed": in_migrate(
        Failure("image_build_failed", "The build of x/wiki:9 (web) failed: no. Nothing was stopped."), "web.image"
    ),
    "source_drift": in_migrate(
        Failure("source_drift", "web is affected, but no step can be made for it: why."), "web.image"
    ),
    "script_failed": in_ticket(printed("the moon stands wrong")),
    "stale_credential": in_ticket(printed("HTTP/1.1 403 Forbidden")),
    "variable_unset": in_ticket(printed("/ops/releases/1234-work.sh: line 4: SEARCH_URL: unbound variable")),
    "network_unreachable": in_ticket(printed("curl: (7) Failed to connect to db port 5432: Connection refused")),
    "image_mismatch": in_verify(Failure("image_mismatch", "✗ web.image: got x/wiki:1, expected x/wiki:2")),
    "http_no_answer": in_verify(Failure("http_health", "✗ http-health: HTTP 0 (web)")),
    "http_health": in_verify(Failure("http_health", "✗ http-health: HTTP 500 (web)")),
    "nothing_to_do": nothing_to_do(),
}


@pytest.mark.parametrize("code", CAUSES)
def test_the_cause_of_each_failure_is_named(code: str) -> None:
    assert told(*CAUSES[code]).cause.code == code


@pytest.mark.parametrize("code", CAUSES)
def test_the_cause_is_one_sentence(code: str) -> None:
    sentence = told(*CAUSES[code]).cause.sentence
    assert "\n" not in sentence
    assert sentence.endswith(".")


@pytest.mark.parametrize(
    ("code", "commands"),
    [
        ("backup_failed", ["resume 1234 --reason <why>"]),
        ("image_pull_failed", ["resume 1234 --from prepare --reason <why>"]),
        ("source_drift", ["resume 1234 --from prepare --reason <why>"]),
        ("service_exits", ["services logs web", "revert 1234"]),
        ("script_failed", ["logs 1234 --step 1234-work.sh", "resume 1234 --from ticket --reason <why>"]),
        ("stale_credential", ["resume 1234 --from ticket --reason the credential was made anew"]),
        ("variable_unset", ["resume 1234 --from ticket --reason the variable is set"]),
        ("network_unreachable", ["services", "resume 1234 --from ticket --reason the target answers again"]),
        ("image_mismatch", ["resume 1234 --from migrate --reason another image ran"]),
        ("http_no_answer", ["services logs web", "resume 1234 --reason <why>"]),
        ("nothing_to_do", ["run 1234"]),
    ],
)
def test_the_next_commands_are_exact_and_in_order(code: str, commands: list[str]) -> None:
    assert unconditional(told(*CAUSES[code])) == commands


# --- a race, or real ---------------------------------------------------------------------------------------------


def test_a_service_that_verify_found_unhealthy_and_is_well_now_is_a_race() -> None:
    found = told(*in_verify(unhealthy("✗ web.healthy: unhealthy")), present=Present(NOW, WELL))
    assert (found.cause.code, found.recommendation.choice) == ("verify_race", "resume")
    assert unconditional(found) == ["resume 1234 --from verify --reason it was only slow, and is well now"]


def test_a_service_that_migrate_found_unhealthy_and_is_well_now_was_slow() -> None:
    found = told(*in_migrate(unhealthy("✗ web.healthy: unhealthy")), present=Present(NOW, WELL))
    assert (found.cause.code, found.recommendation.choice) == ("slow_start", "resume")


def test_a_service_that_is_still_unhealthy_is_taken_back() -> None:
    found = told(*in_verify(unhealthy("✗ web.healthy: unhealthy")), present=Present(NOW, UNWELL))
    assert (found.cause.code, found.recommendation.choice) == ("unhealthy", "revert")


def test_a_service_that_was_still_starting_is_waited_for() -> None:
    found = told(*in_migrate(unhealthy("✗ web.healthy: unhealthy (still starting)")))
    assert (found.cause.code, found.recommendation.choice) == ("slow_start", "resume")


def test_a_container_that_the_kernel_killed_lacked_memory() -> None:
    seen = Surroundings(containers=(ContainerSeen("web", "exited", "", "x", 137, oom_killed=True),))
    found = told(*in_migrate(unhealthy("✗ web.running: web is exited (exit code 137)"), seen=seen))
    assert (found.cause.code, found.recommendation.choice) == ("out_of_memory", "resume")


# --- resume or revert --------------------------------------------------------------------------------------------


def test_a_script_that_failed_a_moment_ago_is_mended() -> None:
    assert told(*CAUSES["script_failed"]).recommendation.choice == "resume"


def test_a_release_that_has_stood_for_more_than_an_hour_is_taken_back() -> None:
    later = Present(BEGIN + dt.timedelta(hours=2))
    assert told(*CAUSES["script_failed"], present=later).recommendation.choice == "revert"


def test_a_release_that_touched_nothing_goes_on_even_after_an_hour() -> None:
    later = Present(BEGIN + dt.timedelta(hours=2))
    assert told(*CAUSES["backup_failed"], present=later).recommendation.choice == "resume"


def test_a_migration_that_failed_half_way_is_taken_back() -> None:
    found = told(*in_ticket(printed("migration 0042 failed: column exists")))
    assert found.recommendation == msgspec.structs.replace(
        found.recommendation, choice="revert", why="The migration left state that cannot be rolled forward through."
    )


def test_on_the_way_back_there_is_only_going_on() -> None:
    failing = halt(Phase.REVERT, "revert.web.restore", Failure("restore_failed", "It failed."))
    found = told(*whole_run(), revert_requested(), started(Phase.REVERT, "revert.web.restore"), *failing)
    assert (found.recommendation.choice, conditional(found)) == ("resume", [])
    assert unconditional(found)[-1] == "resume 1234 --reason <why>"


PLANNED_OTHERWISE = Failure("planned_otherwise", "Another version of released began it. Let the other version finish.")


def test_what_another_version_began_is_not_gone_on_with() -> None:
    found = told(*in_migrate(PLANNED_OTHERWISE))
    assert found.cause == Cause("planned_otherwise", "Another version of released began it.")
    assert (found.recommendation.choice, conditional(found)) == ("revert", [])
    assert unconditional(found) == ["revert 1234", "logs 1234 --phase=migrate"]


def test_a_way_back_that_another_version_began_is_left_to_that_one() -> None:
    failing = ev.Halted(Phase.REVERT, "interrupted", None, PLANNED_OTHERWISE)
    found = told(*whole_run(), revert_requested(), started(Phase.REVERT, "revert.web.restore"), failing)
    assert (found.recommendation.choice, conditional(found)) == ("nothing", [])
    assert unconditional(found) == ["logs 1234 --phase=revert"]


# --- other than halted -------------------------------------------------------------------------------------------


def test_a_refusal_changed_nothing() -> None:
    found = told(refused())
    assert (found.kind, found.phase, found.recommendation.choice) == ("refused", "prepare", "run")
    assert found.certainty.certain == ("the command was refused: it changed nothing, and no run was opened",)


def test_a_command_that_is_refused_on_a_released_ticket_leaves_it_as_it_stands() -> None:
    found = told(*whole_run(), refused())
    assert (found.kind, found.state, found.recommendation.choice) == ("refused", "released", "nothing")
    assert found.recommendation.why.endswith("what it released stands.")


def test_what_a_detection_found_out_of_a_refusal_leaves_it_the_latest() -> None:
    looked = ev.DetectionRan(REQUEST, "dirty-tree", 1, ())
    assert told(refused(), looked).kind == "refused"


def test_a_refused_command_does_not_hide_why_a_release_is_halted() -> None:
    assert told(*CAUSES["script_failed"], refused()).cause.code == "script_failed"


def test_after_a_pull_by_hand_the_checkout_goes_back_first() -> None:
    before = "f" * 40
    reset = NextCommand(("git", "-C", "/ops", "reset", "--hard", before), "goes back", "changes")
    based = NextCommand(("releasectl", "run", "1234", "--base", before), "releases", "changes")
    message = f"already up-to-date with origin/main — nothing to release. HEAD stood at {before} before."
    found = told(ev.Refused("run", REQUEST, "nothing_to_release", message, next=(reset, based)))
    assert found.cause.code == "pulled_by_hand"
    assert unconditional(found) == [f"-C /ops reset --hard {before}", "run 1234"]
    assert conditional(found) == [f"run 1234 --base {before}"]


def test_commits_that_are_held_as_bad_are_told_in_a_sentence_and_the_same_run_is_not_simply_asked_again() -> None:
    message = (
        "This range brings back commits that were taken back:\n  of ticket 7: abc\nWhere the fix is in it, say so."
    )
    along = NextCommand(("releasectl", "run", "1234", "--include-reverted"), "releases", "changes")
    found = told(ev.Refused("run", REQUEST, "brings_back_reverted", message, next=(along,)))
    assert found.cause.sentence == "This range brings back commits that were taken back."
    assert unconditional(found) == []
    assert conditional(found) == ["run 1234 --include-reverted", "run 1234"]


def test_a_command_that_was_offered_on_a_condition_keeps_it() -> None:
    hotfix = NextCommand(("releasectl", "run", "1234", "--allow-branch"), "releases", "changes", "it is a hotfix")
    found = told(ev.Refused("run", REQUEST, "wrong_branch", "It is on branch x.", next=(hotfix,)))
    assert [command.condition for command in found.next] == ["it is a hotfix", ""]


def test_whoever_sets_a_variable_for_a_script_is_told_that_scripts_are_not_given_the_env_file() -> None:
    (ask,) = told(*CAUSES["variable_unset"]).by_hand
    assert "Set SEARCH_URL in /ops/.env. A script is not given that file" in ask


def test_of_a_dirty_tree_files_and_owners_are_clues() -> None:
    message = (
        "Working tree is dirty.\n  ?? notes.txt  (alice, 2026-05-18T14:00Z)\n   M README.md  (bob, 2026-05-18T15:00Z)"
    )
    found = told(msgspec.structs.replace(refused(), message=message))
    assert [(clue.subject, clue.untrusted_detail) for clue in found.clues] == [
        ("notes.txt", "alice, 2026-05-18T14:00Z"),
        ("README.md", "bob, 2026-05-18T15:00Z"),
    ]


def test_a_step_in_doubt_is_settled_by_a_person() -> None:
    begun: list[ev.Event] = [started(Phase.TICKET, "1234-work.sh"), step_begun("1234-work.sh")]
    failure = Failure("step_in_doubt", "It is not known whether 1234-work.sh took effect. Look at: its output.")
    doubt = ev.Halted(Phase.TICKET, "in_doubt", "1234-work.sh", failure)
    found = told(requested(), *prepared(), *phase_done(Phase.MIGRATE), *begun, doubt)
    assert (found.kind, found.recommendation.choice) == ("in_doubt", "settle")
    assert found.certainty.doubtful == ("whether 1234-work.sh took effect (attempt 1): its outcome is not on record",)
    assert [command.condition != "" for command in found.next] == [False, True, True, False]


def test_a_release_that_is_halted_on_an_older_record_goes_on_from_where_a_person_says() -> None:
    accepted = ev.RecordAccepted("the newer one is lost", 9)
    found = told(requested(), *prepared(), started(Phase.MIGRATE, "web.image"), halted(Phase.MIGRATE), accepted)
    assert (found.kind, found.cause.code) == ("in_doubt", "record_is_older")
    assert [command.argv[1:] for command in found.next] == [
        ("logs", "1234", "--phase=migrate"),
        ("resume", "1234", "--from", "migrate", "--reason", "<why>"),
    ]


def test_what_the_daemon_did_by_itself_is_told() -> None:
    cut: list[ev.Event] = [
        started(Phase.MIGRATE, "web.recreate"),
        step_begun("web.recreate"),
        ev.Recovered(Phase.MIGRATE, "web.recreate", BOOT),
    ]
    recovery = told(requested(), *prepared(), *cut).certainty.recovery
    assert [line[11:] for line in recovery] == ["a new daemon found web.recreate unfinished and went on with it"]


def test_what_was_settled_after_a_restart_of_the_host_is_told() -> None:
    cut: list[ev.Event] = [started(Phase.MIGRATE, "web.recreate"), step_begun("web.recreate")]
    settled = ev.Reconciled("another boot", ("web was started: it did not run",))
    recovery = told(requested(), *prepared(), *cut, settled).certainty.recovery
    assert [line[11:] for line in recovery] == ["after a restart of the host web was started: it did not run"]


def test_a_release_that_runs_as_long_as_usual_is_waited_for() -> None:
    found = told(requested(), *prepared(), present=Present(NOW, usual_s=240.0))
    assert (found.kind, found.recommendation.choice, unconditional(found)) == ("running", "wait", ["watch 1234"])


def test_a_release_that_takes_much_longer_than_usual_is_looked_at() -> None:
    under_way: list[ev.Event] = [started(Phase.MIGRATE, "web.image"), step_begun("web.image")]
    found = told(requested(), *prepared(), *under_way, present=Present(NOW, usual_s=20.0))
    assert (found.kind, found.step) == ("overdue", "web.image")
    assert unconditional(found) == ["logs 1234 --step web.image", "watch 1234"]
    assert conditional(found) == ["cancel 1234 --kill --reason <why>"]


def test_a_phase_that_goes_on_after_a_halt_is_under_way_from_there() -> None:
    stood = recorded(*in_migrate(unhealthy("✗ web.healthy: unhealthy")))
    later = stood[-1].at + dt.timedelta(hours=10)
    on = recorded(*(one.event for one in stood), resumed(Phase.MIGRATE))[-1]
    events = [*stood, msgspec.structs.replace(on, at=later)]
    found = diagnose(TICKET, events, Past(), Present(later + dt.timedelta(seconds=5), usual_s=20.0))
    assert (found.kind, found.at) == ("running", later)


def test_a_release_without_a_failure_waits_for_nothing() -> None:
    found = told(*whole_run())
    assert (found.kind, found.cause.code, found.recommendation.choice) == ("released", "released", "nothing")


def test_a_release_that_was_taken_back_says_so() -> None:
    assert told(*whole_run(), *whole_revert()).kind == "reverted"


# --- the past ----------------------------------------------------------------------------------------------------


def test_the_same_failure_before_is_found_with_how_it_was_solved() -> None:
    old = recorded(
        *in_verify(unhealthy("✗ web.healthy: unhealthy")),
        resumed(Phase.VERIFY, reason="raised the budget"),
        *step_done("web.verify", attempt=2),
        ev.PhaseCompleted(Phase.VERIFY),
        ev.Released(1),
    )
    failure = failure_to_tell_of(recorded(*in_verify(unhealthy("✗ web.healthy: unhealthy"))))
    assert failure is not None
    (found,) = occurrences(old, "77", likeness(failure, TICKET), before=1000)
    assert (found.ticket, found.run) == ("77", 1)
    assert found.solved.startswith("resumed in verify: raised the budget; released ")


def test_another_failure_is_not_the_same() -> None:
    other = recorded(*in_verify(unhealthy("✗ web.healthy: unhealthy")))
    failure = failure_to_tell_of(recorded(*CAUSES["image_mismatch"]))
    assert failure is not None
    assert list(occurrences(other, "77", likeness(failure, TICKET), before=1000)) == []


def test_what_changed_is_counted_from_the_last_good_release_of_the_service() -> None:
    good = good_releases(recorded(*whole_run(), begin=BEGIN - dt.timedelta(days=1)), "77")
    (change,) = told(*CAUSES["unhealthy"], past=Past(good)).changes
    assert (change.service, change.since_ticket, change.base) == ("web", "77", MERGE)


def test_a_release_that_was_taken_back_is_no_good_one() -> None:
    assert good_releases(recorded(*whole_run(), *whole_revert()), "77") == ()


def test_a_revert_that_was_taken_back_leaves_its_release_a_good_one() -> None:
    (good,) = good_releases(recorded(*whole_run(), *whole_revert(), *whole_undoing()), "77")
    assert good.merge == MERGE


def test_a_later_run_that_is_taken_back_leaves_the_earlier_one_a_good_one() -> None:
    failed = [requested(plan(merge=FIX), run=2), *phase_done(Phase.PREPARE), halted(Phase.MIGRATE)]
    back = [msgspec.structs.replace(revert_requested(), run=2), *brought_back(), ev.Reverted(2)]
    (good,) = good_releases(recorded(*whole_run(), *failed, *back), "77")
    assert good.merge == MERGE


def test_a_release_that_was_done_by_hand_and_taken_in_is_a_good_one() -> None:
    (good,) = good_releases(recorded(ev.Adopted(1, REQUEST, plan(), "by hand")), "77")
    assert (good.merge, list(good.services)) == (MERGE, ["web"])


def test_a_failure_on_the_way_back_from_a_revert_was_solved_by_going_on() -> None:
    *undoing, undone = whole_undoing()
    old = recorded(*whole_run(), *whole_revert(), *undoing[:2], halted(Phase.REVERT), resumed(Phase.REVERT), undone)
    failure = failure_to_tell_of(old[:-2])
    assert failure is not None
    (found,) = occurrences(old, TICKET, likeness(failure, TICKET), before=1000)
    assert " released " in found.solved


# --- failures that nobody knows ----------------------------------------------------------------------------------


@pytest.mark.parametrize("code", UNKNOWN)
def test_a_failure_that_nobody_knows_keeps_its_own_code_and_words(code: str) -> None:
    found = told(*UNKNOWN[code])
    assert found.cause.code == code
    assert found.cause.sentence
    assert [found.phase] == [event.phase for event in UNKNOWN[code] if isinstance(event, ev.Halted)]


@pytest.mark.parametrize("code", UNKNOWN)
def test_a_failure_that_nobody_knows_has_evidence_and_safe_choices(code: str) -> None:
    found = told(*UNKNOWN[code])
    assert found.evidence.message
    assert unconditional(found)[0].startswith("logs 1234 ")
    assert unconditional(found)[-1].startswith("resume 1234")
    assert "revert 1234" in conditional(found)


def test_services_of_the_plan_with_a_hook_for_keys_are_the_ones_whose_key_is_made_anew() -> None:
    of = plan(scripts=["1234-work.sh"])
    hook = of.scripts[0]
    renewable = msgspec.structs.replace(service("web"), ensure_config=(hook,))
    events = list(CAUSES["stale_credential"])
    events[0] = requested(msgspec.structs.replace(of, services=(renewable,), verified=(renewable,)))
    found = told(*events)
    assert unconditional(found)[0] == "services run web ensure-config"
    assert found.by_hand == ()
