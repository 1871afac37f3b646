"""What the flags of a run leave out and take in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.stories import events, of_type, served, started_steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.stack import Stack
    from support.stack_images import FirstImages

ECHO = '#!/bin/sh\necho "$TICKET"\n'


@pytest.fixture(scope="module", name="stack")
def _stack(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[Stack]:
    with served(tmp_path_factory.mktemp("options") / "stack", first_images, running=()) as (stack, _):
        yield stack


def test_a_phase_that_is_to_be_skipped_is_recorded_as_skipped_and_does_nothing(stack: Stack) -> None:
    stack.merge("1300", {"releases/1300-touch.sh": "#!/bin/sh\ntouch .asd/touched\n"})

    finished = stack.client("run", "1300", "--skip", "ticket", "--reason", "it was run by hand")

    assert finished.returncode == 0, finished.stderr
    assert {"phase": "ticket", "reason": "it was run by hand"} in of_type(events(stack, "1300"), "phase_skipped")
    assert " phase=ticket event=skipped\n" in stack.derived("1300", "log")
    assert not (stack.ops.checkout / ".asd" / "touched").exists()


def test_scripts_of_another_ticket_that_is_taken_along_run_in_name_order(stack: Stack) -> None:
    stack.merge("1311", {"releases/1311-b.sh": ECHO, "releases/1310-a.sh": ECHO, "releases/1310-c.sh": ECHO})

    finished = stack.client("run", "1311", "--with", "1310")

    assert finished.returncode == 0, finished.stderr
    assert [step for step in started_steps(events(stack, "1311")) if step.endswith(".sh")] == [
        "1310-a.sh",
        "1310-c.sh",
        "1311-b.sh",
    ]
