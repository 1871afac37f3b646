"""Turns a diagnosis into its message; what came from outside is stripped of what could steer a terminal."""

from __future__ import annotations

from released.api.convert import next_command, printable, timestamp
from released.api.playbooks import playbook_match
from released.domain.diagnosis.document import Clue, Diagnosis, Evidence, Occurrence, ServiceChange
from released.domain.releases.surroundings import ContainerSeen, Surroundings
from released.engine.diagnosing import Diagnosed
from releasepb.v1 import releases_pb2 as pb


def diagnosis(found: Diagnosed, environment: str) -> pb.Diagnosis:
    """Show a diagnosis."""
    told = found.diagnosis
    return pb.Diagnosis(
        environment=environment,
        ticket=told.ticket,
        run=told.run,
        state=told.state,
        kind=told.kind,
        phase=told.phase,
        step=told.step,
        at=timestamp(told.at),
        version=told.version,
        cause=pb.Cause(code=told.cause.code, sentence=printable(told.cause.sentence)),
        certainty=_certainty(told),
        clues=map(_clue, told.clues),
        evidence=_evidence(told.evidence),
        changes=map(_change, told.changes),
        recommendation=pb.Recommendation(choice=told.recommendation.choice, why=told.recommendation.why),
        before=map(_occurrence, told.before),
        playbooks=[
            playbook_match(one, found.known.origins, found.detections.get(one.playbook.id)) for one in found.matches
        ],
        by_hand=map(printable, told.by_hand),
        next=[next_command(one, told.by_hand) for one in told.next],
        problems=map(printable, found.known.problems),
    )


def _certainty(told: Diagnosis) -> pb.Certainty:
    known = told.certainty
    return pb.Certainty(certain=known.certain, doubtful=known.doubtful, recovery=known.recovery)


def _clue(clue: Clue) -> pb.Clue:
    detail = printable(clue.untrusted_detail)
    return pb.Clue(kind=clue.kind, subject=printable(clue.subject), untrusted_detail=detail)


def _evidence(evidence: Evidence) -> pb.FailureEvidence:
    seen = evidence.surroundings
    return pb.FailureEvidence(
        message=printable(evidence.message),
        untrusted_output=printable(evidence.untrusted_output),
        surroundings=_surroundings(seen) if seen else None,
    )


def _surroundings(seen: Surroundings) -> pb.Surroundings:
    return pb.Surroundings(
        containers=map(_container, seen.containers),
        probes=[
            pb.Probed(service=one.service, url=one.url, code=one.code, untrusted_said=printable(one.said))
            for one in seen.probes
        ],
        head=seen.head,
        branch=seen.branch,
        changed_paths=map(printable, seen.changed_paths),
        free_bytes=seen.free_bytes,
        engine=seen.engine,
        unseen=map(printable, seen.unseen),
    )


def _container(one: ContainerSeen) -> pb.ContainerSeen:
    return pb.ContainerSeen(
        name=one.name,
        state=one.state,
        health=one.health,
        image=one.image,
        exit_code=one.exit_code,
        oom_killed=one.oom_killed,
        ports=one.ports,
        untrusted_log=printable(one.log),
        untrusted_health_log=printable(one.health_log),
    )


def _change(one: ServiceChange) -> pb.ServiceChange:
    return pb.ServiceChange(
        service=one.service,
        since_ticket=one.since_ticket,
        since=timestamp(one.since),
        base_sha=one.base,
        merge_sha=one.merge,
        image_before=one.image_before,
        image_now=one.image_now,
        paths=map(printable, one.paths),
    )


def _occurrence(one: Occurrence) -> pb.Occurrence:
    at, solved = timestamp(one.at), printable(one.solved)
    return pb.Occurrence(ticket=one.ticket, run=one.run, at=at, version=one.version, solved=solved)
