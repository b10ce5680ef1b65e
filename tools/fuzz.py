"""Give a parser bytes of any kind for as long as asked: it must answer or raise a `SkelflowError`.

    python -m tools.fuzz all -max_total_time=60
    python -m tools.fuzz a.skeleton -max_total_time=600

The names are those of `tests/recordings/test_any_bytes.py`, whose whole files are what atheris
(libFuzzer for Python) starts from; further options are libFuzzer's. What ends otherwise is kept
beside as crash-*; make it a test. A parser with a finding does not keep the others from their turn.
"""

import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["skelflow"]):
    from skelflow.errors import SkelflowError
    from tests.recordings.test_any_bytes import PARSERS


def fuzz(name: str, options: list[str]) -> None:
    """Run one parser; does not return."""
    read, seed = PARSERS[name]
    place = Path(tempfile.mkdtemp(prefix="fuzz-"))
    (place / "seeds").mkdir()
    (place / "seeds" / name).write_bytes(seed)

    def check(content: bytes) -> None:
        (place / name).write_bytes(content)
        with suppress(SkelflowError):
            read(place / name)

    limits = ["-max_len=20000", "-rss_limit_mb=4096", "-timeout=20"]
    atheris.Setup([sys.argv[0], *limits, *options, str(place / "seeds")], check)
    atheris.Fuzz()


def main() -> None:
    """One parser in this process, or each in its own."""
    name, *options = sys.argv[1:] or [""]
    if name not in ("all", *PARSERS):
        raise SystemExit(f"{__doc__}\nParsers: all, {', '.join(PARSERS)}")
    if name != "all":
        fuzz(name, options)
    failed = []
    for parser in PARSERS:
        sys.stdout.write(f"{parser}\n")
        sys.stdout.flush()
        if subprocess.run([sys.executable, "-m", "tools.fuzz", parser, *options]).returncode:
            failed.append(parser)
    if failed:
        raise SystemExit(f"findings in {', '.join(failed)}")


if __name__ == "__main__":
    main()
