"""The search for secrets must be able to find one, or it proves nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import zstandard

from support import canary

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECRET = "canary-0123456789abcdef"  # noqa: S105 (guards nothing)


@pytest.mark.parametrize("compress", [bytes, zstandard.ZstdCompressor().compress], ids=["plain", "compressed"])
def test_a_secret_in_a_file_is_found(tmp_path: Path, compress: Callable[[bytes], bytes]) -> None:
    leak = tmp_path / "deep" / "output"
    leak.parent.mkdir()
    leak.write_bytes(compress(f"before {SECRET} after".encode() * 1000))

    assert canary.files_with(SECRET, [tmp_path]) == [str(leak)]


def test_files_without_the_secret_are_not_named(tmp_path: Path) -> None:
    (tmp_path / "output").write_text("nothing to see")

    assert canary.files_with(SECRET, [tmp_path]) == []
