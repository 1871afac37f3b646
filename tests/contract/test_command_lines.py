"""Whatever can be typed is typed by an end-to-end test: each command, and each option of it in one of its spellings.

The tests' sources are read, not run: a command line counts where its words stand beside each other in a call, a tuple
or a list. That a test types an option does not say that it tests it well, but what no test types none can.
"""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import pytest

from releasectl.main import releasectl
from support.command_lines import commands, options, written

SUPPORT = Path(__file__).parents[1] / "support"
E2E = Path(__file__).parents[1] / "e2e"
WRITTEN = list(chain.from_iterable(written(source) for folder in (E2E, SUPPORT) for source in folder.rglob("*.py")))
COMMANDS = commands(releasectl)
GLOBAL = {spelling for spellings in options(releasectl) for spelling in spellings}
"""Options that every command takes; it is enough that one does in a test."""


def typed_with(name: tuple[str, ...]) -> set[str]:
    """List the words that stand behind a command in any test; a command under another name is the same one."""
    names = [other for other, command in COMMANDS.items() if command is COMMANDS[name]]
    return {
        word.partition("=")[0]
        for words in WRITTEN
        for name in names
        for start in range(len(words))
        if words[start : start + len(name)] == name
        for word in words[start:]
    }


@pytest.mark.parametrize("name", COMMANDS, ids=" ".join)
def test_a_test_types_each_option_of_a_command(name: tuple[str, ...]) -> None:
    words = typed_with(name)
    own = [spellings for spellings in options(COMMANDS[name]) if not GLOBAL.intersection(spellings)]

    assert [spellings for spellings in own if words.isdisjoint(spellings)] == []


@pytest.mark.parametrize("spellings", options(releasectl), ids="/".join)
def test_a_test_types_each_option_that_every_command_takes(spellings: tuple[str, ...]) -> None:
    words = {word.partition("=")[0] for line in WRITTEN for word in line}

    assert not words.isdisjoint(spellings)


@pytest.mark.parametrize("name", COMMANDS, ids=" ".join)
def test_a_test_types_each_command_under_each_of_its_names(name: tuple[str, ...]) -> None:
    assert any(words[start : start + len(name)] == name for words in WRITTEN for start in range(len(words)))
