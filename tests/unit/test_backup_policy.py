"""What is saved before data is replaced that another version of the manifest backs up."""

from __future__ import annotations

import pytest

from released.domain.releases.plan import BackupPolicy

NOTHING = BackupPolicy()
DATA = BackupPolicy(("volume",), "stop", ("data",), 3)
MORE = BackupPolicy(("config", "volume"), "pause", ("uploads", "data"), 9)


@pytest.mark.parametrize(
    ("present", "former", "both"),
    [
        (DATA, MORE, BackupPolicy(("volume", "config"), "stop", ("data", "uploads"), 3)),
        (NOTHING, DATA, BackupPolicy(("volume",), "stop", ("data",), 7)),
        (DATA, NOTHING, DATA),
    ],
    ids=["both save", "only the former", "only the present"],
)
def test_what_either_manifest_backs_up_is_saved(
    present: BackupPolicy, former: BackupPolicy, both: BackupPolicy
) -> None:
    assert present.along_with(former) == both
