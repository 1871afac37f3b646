"""What a step did not expect is told as a failure; a full disk, which any step can meet, in a sentence of its own."""

from __future__ import annotations

import errno

from released.engine.runner import _unexpected


def test_a_full_disk_is_named_with_the_file_that_did_not_fit() -> None:
    failure = _unexpected("web.backup", OSError(errno.ENOSPC, "No space left on device", "/var/lib/released/set"))

    assert failure.code == "disk_full"
    assert failure.message == (
        "web.backup found no space left on the disk: /var/lib/released/set. Make room (df -h shows where), then resume."
    )


def test_anything_else_is_an_internal_error() -> None:
    failure = _unexpected("web.backup", OSError(errno.EIO, "Input/output error"))

    assert (failure.code, "OSError" in failure.message) == ("internal_error", True)
