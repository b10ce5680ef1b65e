"""Weights files that come with the package, loaded by name."""

from contextlib import suppress
from importlib import resources
from pathlib import Path

from skelflow.errors import WeightsError

ENDING = ".safetensors"


def bundled_names() -> tuple[str, ...]:
    """The names of the bundled weights.

    Examples
    --------
    >>> bundled_names()[:3]
    ('synthetic-8', 'utd-mhad', 'utd-mhad-at2')
    """
    folder = Path(str(resources.files(__name__)))
    return tuple(sorted(path.name.removesuffix(ENDING) for path in folder.glob(f"*{ENDING}")))


def find_weights(name_or_path: str | Path) -> Path:
    """The weights with a bundled name, or at a path; an existing path comes first.

    Raises
    ------
    WeightsError
        It is neither, and does not look like a path.
    """
    path, name = Path(name_or_path), str(name_or_path)
    with suppress(OSError, ValueError):  # a name that no file can have
        path.stat()
        return path
    if name in bundled_names():
        return bundled_file(name)
    if path.name == name and not path.suffix:
        raise WeightsError(
            f"{name}: no such file or run folder, nor weights that come with skelflow; "
            f"expected a path or one of: {', '.join(bundled_names())}"
        )
    return path


def bundled_file(name: str) -> Path:
    """The file of bundled weights; `WeightsError` if there are none of that name."""
    if name not in bundled_names():
        raise WeightsError(f"{name!r}: no weights of that name come with skelflow")
    return Path(str(resources.files(__name__))) / f"{name}{ENDING}"
