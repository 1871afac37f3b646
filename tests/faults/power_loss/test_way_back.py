"""The power is cut around every effect of a way back, with its data: nobody can tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.deaths import around
from support.durable import missing
from support.host import CutOffHost
from support.loop_disk import LoopDisk
from support.way_back import TICKET, Told, released, tell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.evidence import Evidence
    from support.stack_images import FirstImages

pytestmark = [pytest.mark.tier1, pytest.mark.timeout(600)]

WAY: dict[str, tuple[str, ...]] = {"back": ()}
LASTING = (
    "revert.web.save",
    "revert.code",
    "revert.env-file",
    "revert.web.restore",
    "revert.web.fix.chown-data.sh",
    "revert.web.post_data_restore.sh",
)
"""The steps that leave something on the disk of record and checkout, or in a volume, in order."""


@pytest.fixture(scope="module", name="measure")
def _measure(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[Told]:
    with released(tmp_path_factory.mktemp("measure") / "stack", first_images) as stack:
        yield tell(stack, WAY, {})["back"]


def test_a_way_back_ends_as_if_nothing_had_happened(
    measure: Told, tmp_path: Path, first_images: FirstImages, evidence: Evidence
) -> None:
    """Rows 15 and 16: power cuts around every effect: what was recorded as done is there, what was not is redone."""
    lost: dict[str, list[str]] = {}
    with (
        LoopDisk.mounted(tmp_path, "ext4", 256) as disk,
        released(disk.root / "stack", first_images) as stack,
    ):
        disk.sync()
        host = CutOffHost(disk, tmp_path, lambda fault: lost.update({fault: missing(stack, TICKET)}))
        told = tell(stack, WAY, {"back": around(LASTING, list(measure.plan))}, host)["back"]
        evidence.fired(disk.cuts)
        evidence.add(cuts=disk.cuts)

    assert {fault: found for fault, found in lost.items() if found} == {}
    assert told.ending == measure.ending
