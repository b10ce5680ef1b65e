"""Whatever the API is asked, as its own description allows it, it never fails."""

from collections import Counter
from pathlib import Path

import schemathesis
from hypothesis import HealthCheck, given, settings

from skelflow.web.limits import Limits
from tests.web.visitor import serving, write_recording

ASKED = settings(
    max_examples=15, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


def test_api_answers_or_refuses_and_never_fails(tmp_path: Path) -> None:
    statuses: Counter[int] = Counter()

    def ask(case: schemathesis.Case) -> None:
        response = case.call()
        busy = response.status_code == 503 and "busy" in response.json()["error"]
        assert response.status_code < 500 or busy, case.as_curl_command()
        statuses[response.status_code] += 1

    here = write_recording(tmp_path / "here")
    with serving(here, Limits(waiting=2, work_s=20.0)) as address:
        operations = schemathesis.openapi.from_url(f"{address}openapi.json").get_all_operations()
        for operation in operations:
            ASKED(given(case=operation.ok().as_strategy())(ask))()
    assert {200, 404} <= set(statuses)
