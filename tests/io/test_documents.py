"""TOML that others wrote: what its parser would take minutes for is refused at once."""

from pathlib import Path

import pytest

from skelflow.errors import FormatError
from skelflow.io.documents import read_toml


def parts(part: str, count: int, dot: str = ".") -> str:
    return dot.join([part] * count)


@pytest.mark.parametrize(
    "text",
    [
        f"[{parts('a', 101)}]",
        f"{parts('a', 101, ' . ')} = 1",
        f"""{parts('"a.b"', 101)} = 1""",
        f"""{parts("'x'", 101)} = 1""",
        f"""{parts('"' + chr(92) + '""', 101)} = 1""",
        f'x = """a"""""\n{parts("a", 101)} = 1',
        f"# don't\n{parts('a', 101)} = 1",
    ],
)
def test_read_toml_refuses_a_key_of_more_than_100_parts(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(FormatError, match=r"a\.toml: no TOML .*a key has more than 100 parts"):
        read_toml(tmp_path / "a.toml")


@pytest.mark.parametrize(
    "text",
    [
        f"{parts('a', 100)} = 1",
        f'x = "{parts("a", 300)}"',
        f"x = '''\n{parts('a', 300)}\n'''",
        f'x = """\n{parts("a", 300)}\n"""',
        f"# {parts('a', 300)}\nx = 1",
        f"x = [{', '.join(['0.1'] * 300)}]",
    ],
)
def test_read_toml_takes_many_dots_that_nest_nothing(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(text)
    assert len(read_toml(tmp_path / "a.toml")) == 1


def test_read_toml_refuses_more_than_a_megabyte(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("#" * (2**20 + 1))
    with pytest.raises(FormatError, match=r"a\.toml: 2 MB of TOML, .*SKELFLOW_MAX_TOML_MB=2"):
        read_toml(tmp_path / "a.toml")
