"""Puts the facts of a dossier into a page that needs nothing else, or into the draft of a post-mortem."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from releasectl.views.report.dossier import Dossier
from releasectl.views.report.period import Period

_ROOM = "releasectl.views.report"
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~])")
_FENCES = re.compile(r"^\s*(~{3,}|`{3,})", re.MULTILINE)


def page(told: Dossier | Period) -> str:
    """Give one page that asks nothing of any network and runs no script: its own policy forbids both."""
    style = resources.files(_ROOM).joinpath("style.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    template = _templates().get_template(f"{_subject(told)}.html.j2")
    return template.render(told=told, style=Markup(style), style_hash=Markup(f"sha256-{digest}"))  # noqa: S704 (ours)


def draft(told: Dossier | Period) -> str:
    """Give the same in Markdown, of a release as the draft of a post-mortem; what others wrote cannot become markup."""
    text = _templates().get_template(f"{_subject(told)}.md.j2").render(told=told)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _subject(told: Dossier | Period) -> str:
    return "release" if isinstance(told, Dossier) else "period"


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=PackageLoader(_ROOM, ""),
        autoescape=select_autoescape(("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters.update(css=_css, md=_md, fenced=_fenced)
    return templates


def _css(status: str) -> str:
    """Name the class of a status."""
    return re.sub(r"[^a-z]+", "-", status)


def _md(text: str) -> str:
    """Take the meaning out of what Markdown would read as markup."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))


def _fenced(text: str) -> str:
    """Set a text off between fences that it does not hold."""
    longest = max((len(found) for found in _FENCES.findall(text)), default=0)
    fence = "~" * max(longest + 1, 3)
    return f"{fence}\n{text.rstrip()}\n{fence}"
