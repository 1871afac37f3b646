"""Chooses how a release is shown."""

from __future__ import annotations

import os
import sys

from releasectl.settings import Settings
from releasectl.views.json_views import JsonlView, JsonView
from releasectl.views.machine import Show, emit
from releasectl.views.plain import PlainView
from releasectl.views.view import View


def choose(settings: Settings, ticket: str, show: Show = emit) -> View:
    """Give a live tree on a terminal, plain lines elsewhere, JSON where it was asked for.

    Args:
        settings: the global flags.
        ticket: the release's.
        show: takes the one document that JSON comes to.
    """
    if settings.output == "jsonl":
        return JsonlView(settings)
    if settings.output == "json":
        return JsonView(settings, ticket, show)
    if settings.quiet or not sys.stdout.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        return PlainView(settings)
    from releasectl.views.live import LiveView  # noqa: PLC0415 (rich takes longer to import than a plain release to show)

    return LiveView(settings, ticket)
