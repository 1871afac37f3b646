"""Chooses how a release is shown."""

from __future__ import annotations

import os
import sys

from releasectl.json_views import JsonlView, JsonView
from releasectl.plain import PlainView
from releasectl.settings import Settings
from releasectl.view import View


def choose(settings: Settings, ticket: str) -> View:
    """Give a live tree on a terminal, plain lines elsewhere, JSON where it was asked for."""
    if settings.output == "jsonl":
        return JsonlView(settings)
    if settings.output == "json":
        return JsonView(settings, ticket)
    if settings.quiet or not sys.stdout.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        return PlainView(settings)
    from releasectl.live import LiveView  # noqa: PLC0415 (rich takes longer to import than a plain release to show)

    return LiveView(settings, ticket)
