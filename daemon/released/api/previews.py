"""Shows plans: what a run and what a revert would do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from released.adapters.git.records import Commit
from released.api import convert
from released.domain.ids import Phase
from released.domain.releases.plan import ServicePlan
from released.domain.revert.plan import ServiceReversal
from released.engine.previews import RevertPreview, RunPreview
from releasepb.v1 import releases_pb2 as pb


def run_preview(preview: RunPreview, environment: str, medians_s: Mapping[Phase, float]) -> pb.RunPreview:
    """Show what a run would do."""
    plan = preview.plan
    return pb.RunPreview(
        environment=environment,
        ticket=plan.ticket,
        base_sha=plan.base_sha,
        head_sha=plan.head_sha,
        merge_sha=plan.merge_sha,
        commits=[commit(one) for one in preview.commits],
        paths=[pb.PathVerdict(path=one.path, services=one.services, rule=one.rule) for one in plan.verdicts],
        services=[_planned_service(preview, one) for one in plan.services],
        scripts=[pb.Script(path=one.path, blob=one.blob, repeatable=one.repeatable) for one in plan.scripts],
        phases=[
            pb.PlannedPhase(phase=phase, steps=steps, median_s=medians_s.get(phase, 0.0))
            for phase, steps in preview.steps.items()
        ],
        warnings=plan.warnings,
        overrides=[convert.override(one) for one in preview.overrides],
        nothing_to_do=plan.nothing_to_do,
        plan_hash=preview.hash,
    )


def _planned_service(preview: RunPreview, service: ServicePlan) -> pb.PlannedService:
    return pb.PlannedService(
        name=service.name,
        image=service.image.reference if service.image else "",
        containers=[convert.container(name, found) for name, found in preview.running[service.name]],
        backups=service.backup.kinds,
        backup_bytes=preview.volume_bytes.get(service.name, 0),
    )


def revert_preview(preview: RevertPreview, environment: str) -> pb.RevertPreview:
    """Show what a revert would do, and which writes it would lose."""
    plan = preview.plan
    return pb.RevertPreview(
        environment=environment,
        ticket=plan.ticket,
        run=plan.run,
        undoes_revert=plan.undoes,
        head_sha=plan.head_sha,
        target_sha=plan.target_sha or "",
        commits=[commit(one) for one in preview.commits],
        services=[_reverted_service(preview, one) for one in plan.services],
        steps=preview.steps,
        warnings=plan.warnings,
        plan_hash=preview.hash,
    )


def _reverted_service(preview: RevertPreview, one: ServiceReversal) -> pb.RevertedService:
    saved = preview.saved.get(one.name)
    return pb.RevertedService(
        name=one.name,
        stateful=one.stateful,
        removed=one.former is None,
        images=[
            pb.KeptImage(container=kept.container, image_id=kept.image_id, reference=kept.reference)
            for kept in one.images
        ],
        data=_data(one),
        data_reason=_data_reason(one),
        backup=one.backup or "",
        backed_up_at=convert.timestamp(dt.datetime.fromisoformat(saved.created_at) if saved else None),
        backup_bytes=sum(file.bytes for file in saved.files) if saved else 0,
        present_bytes=preview.volume_bytes.get(one.name, 0),
    )


def _data(one: ServiceReversal) -> str:
    if one.backup is None:
        return "none"
    return "restored" if one.restores else "kept"


def _data_reason(one: ServiceReversal) -> str:
    if one.backup is None:
        return "nothing was saved before"
    if one.restores:
        return ""
    if one.former is None:
        return "it goes, and its volumes stay"
    return f"stateful: restored only with --with-data {one.name}" if one.stateful else "left as it is, as asked for"


def commit(one: Commit) -> pb.Commit:
    """Show a commit."""
    return pb.Commit(
        sha=one.sha,
        subject=convert.printable(one.subject),
        author=convert.printable(one.author),
        committed_at=convert.timestamp(one.committed_at),
    )
