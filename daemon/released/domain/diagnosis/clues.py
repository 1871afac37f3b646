"""Facts that the evidence of a failure gives away: which variable, which host and port, which image, which files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from released.domain.diagnosis.document import Clue
from released.domain.printed import plain_lines
from released.domain.releases.surroundings import Surroundings

_HOST = r"(?:\[[0-9A-Fa-f:]+\]|(?<![A-Za-z0-9._-])[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)"
_IMAGE = r"[A-Za-z0-9][A-Za-z0-9._:/@-]*"
_ANSWERS = (
    "manifest unknown|pull access denied|repository does not exist|unauthorized|authentication required|denied|"
    "not found|no such manifest|toomanyrequests|connection refused|no such host|i/o timeout|TLS handshake timeout"
)

# What has no beginning of its own begins where a word does: else a long line is tried from each of its characters on.
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("variable", r"\b(?P<subject>[A-Za-z_]\w*): unbound variable"),
        ("variable", r"\b(?P<subject>[A-Za-z_]\w*): parameter (?:null or )?not set"),
        ("variable", r"KeyError: '(?P<subject>[A-Z_][A-Z0-9_]*)'"),
        ("variable", r"[Tt]he \"?(?P<subject>[A-Za-z_]\w*)\"? variable is not set"),
        ("endpoint", rf"/dev/tcp/(?P<host>{_HOST})/(?P<port>\d+): "),
        ("endpoint", rf"[Ff]ailed to connect to (?P<host>{_HOST}) port (?P<port>\d+)"),
        ("endpoint", rf"dial tcp (?P<host>{_HOST}):(?P<port>\d+)"),
        ("endpoint", rf"host='?(?P<host>{_HOST})'?, port=(?P<port>\d+)"),
        ("endpoint", rf"connect to (?:host |address )?(?P<host>{_HOST}) port (?P<port>\d+)"),
        ("endpoint", rf"can't connect to remote host \((?P<host>{_HOST})\)"),
        ("endpoint", rf"(?i:could not resolve host(?:name)?):? (?P<host>{_HOST})"),
        ("endpoint", rf"(?P<host>{_HOST}): Temporary failure in name resolution"),
        ("endpoint", rf"(?P<host>{_HOST}):(?P<port>\d+)\D*(?i:connection refused|no route to host|timed out)"),
        (
            "network",
            r"(?P<subject>(?i:connection refused|no route to host|network is unreachable|connection timed out))",
        ),
        (
            "credential",
            r"(?P<subject>\b(?:40[13] )?(?:Forbidden|Unauthorized)\b|[Ii]nvalid API key|authentication failed)",
        ),
        ("image", rf"The (?:pull|build) of (?P<subject>{_IMAGE}) \("),
        ("registry", rf"(?P<subject>{_ANSWERS})"),
        ("image", rf"\.image: got (?P<subject>{_IMAGE})"),
        ("path", r"^  (?P<status>[ MADTRCU?!]{2}) (?P<subject>\S.*?)(?:  \((?P<who>.*)\))?$"),
        ("line", r"(?<![\w.+@-])(?P<subject>[\w.+@-]+: line \d+): "),
        ("line", r"(?<![\w.+@-])(?P<subject>[\w.+@-]+\.sh: \d+): "),
        ("disk", r"(?P<subject>No space left on device)"),
        ("migration", r"(?P<subject>(?i:\b(?:migration|schema)\b.*\b(?:fail|error|irreversible|half|partial)\w*))"),
        ("commit", r"HEAD stood at (?P<subject>[0-9a-f]{40}) before"),
    )
)
_ONLY_FOR = {"path": ("working_tree_dirty",), "registry": ("image_pull_failed",)}
"""Kinds whose words mean something else in other failures."""
_LONGEST_LINE = 1000
"""Characters of a line that are looked at: whoever wrote it may have meant to keep the reader busy."""
_LACKING = re.compile(r"tpl\.env names (?P<names>[\w, ]+)")


def clues(code: str, texts: Iterable[str], seen: Surroundings | None = None) -> tuple[Clue, ...]:
    """Read the evidence of a failure.

    Args:
        code: of the failure.
        texts: messages and what was printed.
        seen: how things stood.
    """
    lines = [line.rstrip()[:_LONGEST_LINE] for text in texts for line in plain_lines(text)]
    found = [
        *_lacking(code, lines),
        *(clue for line in lines for clue in _in_line(code, line)),
        *_in_surroundings(seen),
    ]
    return tuple({(clue.kind, clue.subject): clue for clue in reversed(found)}.values())[::-1]


def of_kind(found: Iterable[Clue], kind: str) -> tuple[str, ...]:
    """List what the clues of one kind are about."""
    return tuple(clue.subject for clue in found if clue.kind == kind)


def _lacking(code: str, lines: Iterable[str]) -> Iterator[Clue]:
    """List every variable of a refusal for want of some."""
    if code == "env_variable_missing":
        for line in lines:
            for match in _LACKING.finditer(line):
                yield from (Clue("variable", name.strip(), line) for name in match["names"].split(","))


def _in_line(code: str, line: str) -> Iterator[Clue]:
    told: set[str] = set()
    for kind, pattern in _PATTERNS:
        match = pattern.search(line)
        if match and kind not in told and code in _ONLY_FOR.get(kind, (code,)):
            told.add(kind)
            yield Clue(kind, _subject(match), (match.groupdict().get("who") or "") if kind == "path" else line.strip())


def _subject(match: re.Match[str]) -> str:
    parts = match.groupdict()
    if parts.get("host"):
        return f"{parts['host']}:{parts['port']}" if parts.get("port") else parts["host"]
    return parts["subject"]


def _in_surroundings(seen: Surroundings | None) -> Iterator[Clue]:
    for one in seen.containers if seen else ():
        if one.oom_killed:
            yield Clue("memory", one.name, "the kernel killed it: memory ran out")
        yield from (Clue("port", port, f"published by {one.name}") for port in one.ports)
