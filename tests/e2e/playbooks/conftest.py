"""One daemon with many environments without containers, for playbooks of what is not about services."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.bare_sites import BareSites

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.site import Site

OWN = """\
- id: search-index-missing
  symptom: |
    no such index: <index>
  detection:
    - command: echo what is known of <index>
      expect: known of <index>
    - command: touch made-by-<ticket>
      expect: anything
  root_cause: The search service was set up anew, and nobody made its index.
  fix:
    adhoc: releasectl services run search make-index
"""
_FRESH = tuple(f"fresh-{number}" for number in range(30))


@pytest.fixture(scope="package", name="sites")
def _sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BareSites]:
    """Serve environments that no test has touched, and one for each policy of detection that is not the usual one."""
    policies = {policy: {"playbooks": {"detect": policy}} for policy in ("never", "always")}
    sites = BareSites.create(tmp_path_factory.mktemp("playbooks"), {**{name: {} for name in _FRESH}, **policies})
    daemon = sites.daemon()
    try:
        daemon.start()
        yield sites
        daemon.end()
    finally:
        sites.cleanup()


@pytest.fixture(scope="package", name="new_site")
def _new_site(sites: BareSites) -> Callable[..., Site]:
    """Hand out environments that no test has touched."""
    unused = iter(_FRESH)
    return lambda files=None: sites.site(next(unused), files)


@pytest.fixture(scope="module", name="own")
def _own(new_site: Callable[[], Site]) -> Site:
    """Give an ops repo with two playbook files, one of which is wrong, and a failure that the other one tells of."""
    site = new_site()
    script = "#!/bin/sh\necho 'no such index: articles'\nexit 3\n"
    files = {
        "releases/1234-work.sh": script,
        "recovery/playbooks/release-search.yaml": OWN,
        "recovery/playbooks/release-wrong.yaml": "- id: wrong\n  sympton: x\n",
        "recovery/playbooks/notes.yaml": "no playbook: by its name\n",
    }
    site.merge("1234", files)
    assert site.client("run", "1234").returncode == 1
    return site


@pytest.fixture(name="search_file")
def _search_file(tmp_path: Path) -> Path:
    """Write a playbook file as the ops repo has it, elsewhere."""
    file = tmp_path / "release-search.yaml"
    file.write_text(OWN, encoding="utf-8")
    return file
