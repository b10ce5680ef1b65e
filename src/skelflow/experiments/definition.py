"""A table of results as a TOML file says it: its stores, its rows, and what others published."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from skelflow.datasets.prepare.config import PrepareConfig
from skelflow.errors import ConfigError
from skelflow.io.documents import read_toml
from skelflow.settings import Settings, SettingsError, nearest_name

_FOLDER = Path(__file__).parent / "tables"
Names = Annotated[tuple[str, ...], Field(strict=False)]
Pair = Annotated[tuple[str, str], Field(strict=False)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]


class Row(Settings):
    """One row: a network that is trained, or what is made of networks of other rows.

    Parameters
    ----------
    name : of the row's results, as in NAME_SEED.json.
    label : what the table shows.
    store : which of the table's stores it reads.
    recipe : it is trained by; "" where it is made of other rows.
    settings : that differ from the recipe, as in "optim.lr=0.01".
    init : parts of the network and the rows whose run of the same seed they start from.
    average : rows whose log-probabilities are averaged, instead of a recipe.
    features_of : row on whose last features a classifier is fitted, instead of a recipe.
    joints : the classifier is fitted on the joints themselves, instead of a recipe.
    classifier : that one.
    quick : part of the short table.
    """

    name: Name
    label: str
    store: str
    recipe: str = ""
    settings: Names = ()
    init: dict[str, str] = Field(default_factory=dict)
    average: Names = ()
    features_of: str = ""
    joints: bool = False
    classifier: Literal["svm", "naive_bayes"] = "svm"
    quick: bool = False

    def check(self) -> None:
        """A row is made in one way."""
        ways = [bool(self.recipe), bool(self.average), bool(self.features_of), self.joints]
        self.require(sum(ways) == 1, "recipe", "one of recipe, average, features_of and joints")

    @property
    def needs(self) -> tuple[str, ...]:
        """Rows that come before this one."""
        features = (self.features_of,) if self.features_of else ()
        return (*self.init.values(), *self.average, *features)


class Published(Settings):
    """What others report on the same split.

    Parameters
    ----------
    label, top1 : method, and its share of right answers in [0, 1].
    source : where it stands.
    checked : whether it was read there by us.
    """

    label: str
    top1: Annotated[float, Field(ge=0, le=1)]
    source: str
    checked: bool = False


class Table(Settings):
    """A table of results.

    Parameters
    ----------
    title : of the table.
    protocol : who trains and who tests.
    stores : settings of `skelflow prepare` by the store's name.
    rows : in the order of the table; a row comes after those it needs.
    differences : pairs of rows to compare, recording by recording.
    published : figures of others.
    """

    title: str
    protocol: str
    stores: dict[str, dict[str, Any]]
    rows: Annotated[tuple[Row, ...], Field(strict=False, min_length=1)]
    differences: Annotated[tuple[Pair, ...], Field(strict=False)] = ()
    published: Annotated[tuple[Published, ...], Field(strict=False)] = ()

    def check(self) -> None:
        """Rows are named once, know their stores, and come after the rows they need."""
        seen: set[str] = set()
        for row in self.rows:
            self.require(row.name not in seen, "rows", f"{row.name} once")
            _require_known(row.store, self.stores, f"rows.{row.name}.store")
            for needed in row.needs:
                _require_known(needed, seen, f"rows.{row.name}: needs a row above it")
            seen.add(row.name)
        for name in (name for pair in self.differences for name in pair):
            _require_known(name, seen, "differences")
        for name in self.stores:
            self.store_config(name)

    def store_config(self, name: str) -> PrepareConfig:
        """How a store is prepared."""
        return to_prepare_config({"protocol": self.protocol, **self.stores[name]})

    def row(self, name: str) -> Row:
        """The row of that name; `ConfigError` with the nearest name if there is none."""
        known = {row.name: row for row in self.rows}
        _require_known(name, known, "row")
        return known[name]

    def chosen(self, names: Iterable[str], *, quick: bool) -> tuple[Row, ...]:
        """The rows of these names (all when there are none) with those they need, in order.

        Raises
        ------
        ConfigError
            There is no row of a name, or none is marked as quick.
        """
        wanted = {self.row(name).name for name in names} or {
            row.name for row in self.rows if row.quick or not quick
        }
        if not wanted:
            raise ConfigError(
                f"{self.title}: no row is marked as quick; leave --quick out, or write quick = "
                f"true into one of the rows {', '.join(row.name for row in self.rows)}"
            )
        for row in reversed(self.rows):
            if row.name in wanted:
                wanted |= set(row.needs)
        return tuple(row for row in self.rows if row.name in wanted)


def to_prepare_config(values: Mapping[str, Any]) -> PrepareConfig:
    """How a store is prepared, of values as TOML and JSON have them."""
    return PrepareConfig(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})


def _require_known(name: str, known: Iterable[str], where: str) -> None:
    if name not in known:
        raise SettingsError(f"{where}: found {name!r}; {nearest_name(name, known)}")


def list_tables() -> list[str]:
    """Names of the tables that come with skelflow, sorted.

    Examples
    --------
    >>> list_tables()
    ['nw_ucla', 'synth', 'utd_mhad', 'utd_mhad_rooms']
    """
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def load_table(name_or_path: str | Path) -> Table:
    """A table that comes with skelflow, or one in a file whose name ends in .toml.

    Raises
    ------
    ConfigError
        There is no such table, or its file cannot be read or is wrong; the message names it.
    """
    path, name = Path(name_or_path), str(name_or_path)
    if path.suffix != ".toml":
        if name not in list_tables():
            raise ConfigError(f"unknown table {name!r}; {nearest_name(name, list_tables())}")
        path = _FOLDER / f"{name}.toml"
    values = read_toml(path, refusal=ConfigError)
    try:
        return Table.from_mapping(values)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
