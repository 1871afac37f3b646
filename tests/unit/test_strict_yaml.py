"""YAML as it is read here: text that a person could have typed."""

from __future__ import annotations

import pytest

from released.domain.strict_yaml import YamlProblem, parse


@pytest.mark.parametrize("escape", ["\\0", "\\e[2J", "\\r", "\\x7f", "\\ud800"])
@pytest.mark.parametrize("text", ['a: b\nname: "{}"', 'a: b\n"{}": 1'], ids=["value", "key"])
def test_what_only_an_escape_can_put_there_is_refused(text: str, escape: str) -> None:
    with pytest.raises(YamlProblem, match="expected printable text, got the character U"):
        parse(text.format(escape))


def test_tabs_line_ends_and_letters_of_all_kinds_are_text() -> None:
    assert parse('a: "é\\t\\n\\u2013\\U0001f600"').data == {"a": "é\t\n\u2013\U0001f600"}
