"""A refusal that lists more than an answer of gRPC can carry."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from support.bare_environment import BareEnvironment

if TYPE_CHECKING:
    from pathlib import Path


def test_a_refusal_with_400_paths_is_told_shortened_and_its_whole_text_is_on_record(tmp_path: Path) -> None:
    with BareEnvironment(tmp_path) as environment:
        for number in range(400):
            (environment.ops.checkout / f"left-behind-by-somebody-{number:03}").touch()

        told = environment.client("run", "4711")

        assert told.returncode == 3, told.stderr
        assert "more lines; the whole text: releasectl events 4711 --output json" in told.stderr
        recorded = environment.client("events", "4711", "--output", "json").stdout
        assert "left-behind-by-somebody-399" in json.dumps(recorded)
