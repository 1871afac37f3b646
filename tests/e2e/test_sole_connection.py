"""The files of the record are opened by SQLite alone: closing any other descriptor of them would drop its locks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from support.bare_sites import BareSites
from support.daemon_process import Daemon

if TYPE_CHECKING:
    from pathlib import Path

_AUDIT = """
import json, os, sys
_log = os.open({log!r}, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
def _note(name, about):
    if name in ("open", "sqlite3.connect", "shutil.copyfile"):
        os.write(_log, json.dumps([name, str(about[0]), os.getpid()]).encode() + b"\\n")
sys.addaudithook(_note)
"""
"""Notes whatever Python opens from here on."""


def test_the_daemon_opens_the_files_of_its_record_through_sqlite_alone(tmp_path: Path) -> None:
    sites = BareSites.create(tmp_path / "sites", {"prod": {}})
    try:
        site = sites.site("prod")
        first = sites.daemon()
        first.start()  # it makes the file, for its owner alone
        first.stop()
        log = tmp_path / "opened.jsonl"
        environment = sites.client_environment()
        daemon = Daemon(sites.config, tmp_path / "log", sites.runtime, environment, _AUDIT.format(log=str(log)))
        daemon.start()
        site.merge("1234", {"releases/1234-greets.sh": "#!/bin/sh\necho hello\n"})
        for command in (("run", "1234"), ("doctor",), ("rebuild",), ("diagnose", "1234"), ("status",)):
            site.client(*command)
        daemon.stop()

        opened = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
        ours = [one[:2] for one in opened if "released.db" in one[1] and not one[1].endswith(".lock")]
        by_sqlite = [place for name, place in ours if name == "sqlite3.connect"]
        assert [one for one in ours if one[0] != "sqlite3.connect"] == []
        assert [place for place in by_sqlite if "mode=ro" not in place] == [f"file:{sites.database}?mode=rwc"]
    finally:
        sites.cleanup()
