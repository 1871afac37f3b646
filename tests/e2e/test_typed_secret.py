"""A secret that an operator types into a reason or a remark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.bare_environment import BareEnvironment

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "correct-horse-battery"  # noqa: S105 (made up, and to be found nowhere)


def test_a_secret_that_is_typed_is_masked_on_record(tmp_path: Path) -> None:
    with BareEnvironment(tmp_path) as environment:
        (environment.ops.checkout / ".env").write_text(f"DB_PASSWORD={SECRET}\n", encoding="utf-8")

        told = environment.client("hold", "--reason", f"since {SECRET} leaked")

        recorded = b"".join(file.read_bytes() for file in (tmp_path / "state").glob("released.db*"))
        assert (SECRET.encode() in recorded, b"since *** leaked" in recorded) == (False, True), told.stderr
