"""An ops repo of ``releasectl init`` is released at once, by the commands that it shows itself."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import httpx
import pytest
import yaml

from support.busybox_image import local_busybox
from support.scaffolded_site import ScaffoldedSite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.stack_images import FirstImages


class Story:
    """The first two releases."""

    def __init__(self, site: ScaffoldedSite) -> None:
        self.site = site
        site.change_as_the_readme_says()
        self.first = site.client("run", "1")
        self.first_page = self._page()
        site.change("packages/hello/src/www/index.html", "Good night!\n")
        self.second = site.client("run", "2")
        self.second_page = self._page()

    def just(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a recipe in the ops repo."""
        return self.site.run(["just", *arguments], self.site.root, check=False)

    def _page(self) -> str:
        manifest = yaml.safe_load((self.site.root / "packages/hello/manifest.yaml").read_text(encoding="utf-8"))
        return httpx.get(manifest["health"]["endpoint"].removesuffix("healthz")).text


@pytest.fixture(scope="module", name="story")
def _story(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[Story]:
    with local_busybox(first_images), ScaffoldedSite(tmp_path_factory.mktemp("init")) as site:
        yield Story(site)


def test_a_change_is_released_at_once(story: Story) -> None:
    assert story.first.returncode == 0, story.first.stdout + story.first.stderr
    assert story.first_page == "Good morning, world!\n"


def test_so_is_the_next_one(story: Story) -> None:
    assert story.second.returncode == 0, story.second.stdout + story.second.stderr
    assert story.second_page == "Good night!\n"


def test_the_tag_that_runs_is_in_the_variables_of_the_host(story: Story) -> None:
    assert "\nHELLO_IMAGE_TAG=2\n" in story.site.dotenv


def test_the_recipe_release_state_shows_where_a_ticket_stands(story: Story) -> None:
    shown = story.just("release-state", "1")

    assert (shown.returncode, shown.stdout) == (0, story.site.client("status", "1").stdout)
    assert "released" in shown.stdout


def test_the_recipe_status_shows_what_runs_of_a_service(story: Story) -> None:
    shown = story.just("status", "hello")

    assert (shown.returncode, shown.stdout) == (0, story.site.client("services", "hello").stdout)
    assert "hello:2" in shown.stdout


def test_the_exit_code_of_a_refused_release_is_that_of_its_recipe(story: Story) -> None:
    refused = story.just("release-run", "3")

    assert refused.returncode == 3
    assert refused.stderr.startswith("[ERROR] already up-to-date with origin/main")
