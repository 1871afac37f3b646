"""What the README shows works: a newcomer copies it."""

from __future__ import annotations

import re
from pathlib import Path

from releasectl.exit_codes import ExitCode
from releasectl.main import COMMANDS
from released.domain.configuration import parse_configuration
from released.domain.ops_repo.manifest import parse_manifest

README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
_YAML = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
_NOT_FOR_OPERATORS = {ExitCode.BROKEN_PIPE}


def test_the_configuration_in_the_readme_is_valid() -> None:
    shown = _block_with("environments:")

    assert parse_configuration(shown, "README.md").environments["prod"].repo == Path("/opt/ops")


def test_the_manifest_in_the_readme_is_valid_and_has_no_unknown_key() -> None:
    shown = _block_with("display_name:")

    _, warnings = parse_manifest(shown, "README.md", "wiki")

    assert warnings == []


def test_every_client_command_in_the_readme_exists() -> None:
    shown = set(re.findall(r"(?:`|\$ )releasectl ([a-z-]+)", README))

    assert shown <= set(COMMANDS)


def test_every_client_command_is_in_the_readme() -> None:
    missing = {name for name in COMMANDS if f"releasectl {name}" not in README}

    assert missing == set()


def test_the_readme_lists_every_exit_code() -> None:
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}

    assert listed == set(ExitCode) - _NOT_FOR_OPERATORS


def _block_with(text: str) -> str:
    blocks: list[str] = _YAML.findall(README)
    return next(block for block in blocks if text in block)
