"""What the README and the pages behind it show works: a newcomer copies it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from releasectl.exit_codes import ExitCode
from releasectl.main import COMMANDS
from released.domain.configuration import parse_configuration
from released.domain.ops_repo.manifest import parse_manifest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = {page.name: page.read_text(encoding="utf-8") for page in (ROOT / "README.md", *ROOT.glob("docs/*.md"))}
_YAML = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
_NOT_FOR_OPERATORS = {ExitCode.BROKEN_PIPE}


@pytest.mark.parametrize("page", ["README.md", "configuration.md"])
def test_the_configuration_that_is_shown_is_valid(page: str) -> None:
    shown = _block_with("environments:", page)

    assert parse_configuration(shown, page).environments["prod"].repo == Path("/opt/ops")


def test_the_manifest_that_is_shown_is_valid_and_has_no_unknown_key() -> None:
    shown = _block_with("display_name:", "ops-repo.md")

    _, warnings = parse_manifest(shown, "ops-repo.md", "wiki")

    assert warnings == []


@pytest.mark.parametrize("page", sorted(PAGES))
def test_every_page_that_a_page_links_to_is_there(page: str) -> None:
    folder = ROOT if page == "README.md" else ROOT / "docs"
    links = re.findall(r"\]\(([^):#]+)(?:#[^)]*)?\)", PAGES[page])

    assert [link for link in links if not (folder / link).exists()] == []


@pytest.mark.parametrize("page", sorted(PAGES))
def test_every_client_command_that_is_shown_exists(page: str) -> None:
    shown = set(re.findall(r"(?:`|\$ )releasectl ([a-z-]+)", PAGES[page]))

    assert shown <= set(COMMANDS)


def test_every_client_command_is_in_the_readme() -> None:
    missing = {name for name in COMMANDS if f"releasectl {name}" not in README}

    assert missing == set()


def test_the_readme_lists_every_exit_code() -> None:
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}

    assert listed == set(ExitCode) - _NOT_FOR_OPERATORS


def _block_with(text: str, page: str) -> str:
    blocks: list[str] = _YAML.findall(PAGES[page])
    return next(block for block in blocks if text in block)
