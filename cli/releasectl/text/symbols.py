"""The four symbols, each always beside a word, and their colours."""

from __future__ import annotations

_DONE, _FAILED, _RUNNING, _WAITING = "✓", "✗", "▸", "·"

_LOOK = {
    "done": (_DONE, "green"),
    "ok": (_DONE, "green"),
    "warning": (_WAITING, "yellow"),
    "succeeded": (_DONE, "green"),
    "released": (_DONE, "green"),
    "healthy": (_DONE, "green"),
    "running": (_RUNNING, "cyan"),
    "requested": (_RUNNING, "cyan"),
    "prepare": (_RUNNING, "cyan"),
    "migrate": (_RUNNING, "cyan"),
    "ticket": (_RUNNING, "cyan"),
    "verify": (_RUNNING, "cyan"),
    "reverting": (_RUNNING, "cyan"),
    "reverted": (_DONE, "yellow"),
    "restored": (_FAILED, "bold red"),
    "failed": (_FAILED, "bold red"),
    "halted": (_FAILED, "bold red"),
    "unhealthy": (_FAILED, "bold red"),
    "exited": (_FAILED, "bold red"),
    "dead": (_FAILED, "bold red"),
    "absent": (_FAILED, "bold red"),
    "interrupted": (_FAILED, "yellow"),
    "in_doubt": (_FAILED, "bold red"),
    "restarting": (_FAILED, "yellow"),
    "skipped": (_WAITING, "yellow"),
}


def symbol(word: str) -> str:
    """Give the symbol of a status."""
    return _LOOK.get(word, (_WAITING, "dim"))[0]


def style(word: str) -> str:
    """Give the colour of a status."""
    return _LOOK.get(word, (_WAITING, "dim"))[1]
