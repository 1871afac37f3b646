"""The past of one environment on real containers: a release, one that halts and is mended, and that one taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.past_of_a_stack import PastOfAStack, lived
from support.stories import served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.stack_images import FirstImages


@pytest.fixture(scope="package", name="past")
def _past(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[PastOfAStack]:
    with served(tmp_path_factory.mktemp("past") / "stack", first_images, ("web", "front")) as (stack, _):
        yield lived(stack)
