"""Archives that could be written outside the folder that they are meant for are found before anything is written."""

from __future__ import annotations

import tarfile

import pytest

from released.adapters.tars.vetting import vetted
from released.domain.errors import Refused, StepFailed
from support.evidence import Evidence
from support.tars import Member, folder, hard_link, pack, pieces, symlink


def _names(data: bytes) -> list[str]:
    return [entry.info.name for entry in vetted(pieces(data), "The archive")]


@pytest.mark.parametrize(
    ("members", "complaint"),
    [
        ([Member("/etc/cron.d/x")], "'/etc/cron.d/x' leads outside"),
        ([Member("a/../../x")], "'a/../../x' leads outside"),
        ([Member("..")], "'..' leads outside"),
        ([folder("a/..")], "'a/..' leads outside"),
        ([symlink("./", "/etc")], "'./' leads outside"),
        ([symlink("link", "/etc"), Member("link/x")], "'link/x' lies below a symbolic link"),
        ([symlink("./link", "b"), folder("link/x/")], "'link/x' lies below a symbolic link"),
        ([symlink("a/link", "b"), symlink("a//link/./deep", "c")], "'a//link/./deep' lies below a symbolic link"),
        ([hard_link("hard", "/etc/shadow")], "'hard' is a hard link to '/etc/shadow', outside"),
        ([hard_link("hard", "a/../../shadow")], "'hard' is a hard link to 'a/../../shadow', outside"),
        (
            [symlink("link", "/etc"), hard_link("hard", "link/shadow")],
            "'hard' is a hard link to 'link/shadow', outside",
        ),
        ([Member("odd", b"Z")], "'odd' is of a kind that is not known"),
        ([Member("sparse", tarfile.GNUTYPE_SPARSE)], "'sparse' is of a kind that is not known"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_entry_that_leads_outside_is_refused_and_named(
    members: list[Member], complaint: str, evidence: Evidence
) -> None:
    """Row 50: .., absolute names, links and hard links out of the folder, kinds that nobody knows."""
    with pytest.raises(Refused) as refused:
        _names(pack(Member("fine"), *members))
    assert refused.value.code == "archive_unsafe"
    assert f"The archive is not unpacked: its entry {complaint}" in refused.value.message
    evidence.fired()


def test_everything_that_stays_inside_is_let_through() -> None:
    members = [
        folder("."),
        folder("a"),
        Member("a/..b"),
        Member("-rf"),
        Member("bad\udcff"),
        Member("new\nline ä"),
        symlink("up", "../../etc/passwd"),
        hard_link("a/hard", "./a/..b"),
        hard_link("same", "up"),
        Member("pipe", tarfile.FIFOTYPE),
        Member("null", tarfile.CHRTYPE),
        Member("loop", tarfile.BLKTYPE),
    ]
    assert _names(pack(*members)) == [member.name for member in members]


@pytest.mark.parametrize("size", [0, 300, 700, 1100, 1600])
def test_an_archive_that_breaks_off_is_no_backup(size: int) -> None:
    with pytest.raises(StepFailed, match="The archive is not whole") as failed:
        _names(pack(Member("a"), Member("b", content=b"b" * 600))[:size])
    assert failed.value.code == "backup_unreadable"
