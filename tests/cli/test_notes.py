"""What the work says of itself while a bar is shown."""

import logging

import pytest

from skelflow.cli.progress import NOTED, bar
from skelflow.flow.engines import jit


def test_bar_shows_that_kernels_are_compiled_and_leaves_the_logger_as_it_was(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logger = logging.getLogger(NOTED)
    before = logger.level, list(logger.handlers)
    with bar("solving"):
        jit.log.info(jit.ANNOUNCEMENT)
    assert "compiling kernels" in capsys.readouterr().err
    assert (logger.level, logger.handlers) == before
