"""The secret that a configuration names is looked at when the daemon starts, and told by file and line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from released.config import load, load_with_secrets
from released.domain.configuration import InvalidConfiguration
from support.webhook_receiver import secret_file

if TYPE_CHECKING:
    from pathlib import Path


def configuration(folder: Path, secret: Path) -> Path:
    file = folder / "released.yaml"
    file.write_text(
        f"store: {{url: 'sqlite:///{folder}/released.db'}}\n"
        f"listen: ['unix://{folder}/released.sock']\n"
        f"environments: {{prod: {{repo: {folder}}}}}\n"
        "webhook:\n"
        "  url: https://alarm.example/hook\n"
        f"  secret_file: {secret}\n"
    )
    return file


def fault(file: Path) -> str:
    with pytest.raises(InvalidConfiguration) as caught:
        load_with_secrets(file)
    (problem,) = caught.value.problems
    return problem.removeprefix(f"{file}:6: webhook.secret_file: expected ")


def test_a_secret_for_the_daemon_alone_is_accepted(tmp_path: Path) -> None:
    assert load_with_secrets(configuration(tmp_path, secret_file(tmp_path))).webhook is not None


@pytest.mark.parametrize("mode", [0o644, 0o602, 0o601])
def test_a_secret_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    told = fault(configuration(tmp_path, secret_file(tmp_path, mode)))
    assert told == f"a file for its owner and group alone, got mode {mode:04o}"


def test_a_secret_that_is_missing_is_refused(tmp_path: Path) -> None:
    told = fault(configuration(tmp_path, tmp_path / "nowhere"))
    assert told == "a readable file, got: No such file or directory"


@pytest.mark.parametrize("content", [b"sesame", b"\xff\xfe", b""])
def test_a_file_that_holds_no_secret_is_refused_and_not_quoted(tmp_path: Path, content: bytes) -> None:
    secret = secret_file(tmp_path)
    secret.write_bytes(content)
    told = fault(configuration(tmp_path, secret))
    assert told.startswith("whsec_ and ")
    assert "sesame" not in told


def test_who_only_looks_after_the_database_needs_no_secret(tmp_path: Path) -> None:
    assert load(configuration(tmp_path, tmp_path / "nowhere")).store.path == tmp_path / "released.db"
