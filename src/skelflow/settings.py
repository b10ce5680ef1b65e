"""Groups of settings whose values are checked when they are made."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from skelflow.errors import ConfigError

Count = Annotated[int, Field(ge=1, le=2**31 - 1)]
PixelCount = Annotated[int, Field(ge=1, le=2**15)]  # of an image, along an edge
Seed = Annotated[int, Field(ge=0, le=2**63 - 1)]  # what random generators take
Positive = Annotated[float, Field(gt=0)]
Own = TypeVar("Own", bound="Settings")

_EXPECTED = {
    "bool_type": "true or false",
    "finite_number": "a finite number",
    "float_type": "a number",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "int_type": "a whole number",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "string_type": "text",
    "tuple_type": "a list",
    "too_short": "at least {min_length} of them",
}
_LONGEST = 200  # characters of a value in a message
_PYDANTIC_PREFIX = "Input should be "


class SettingsError(ConfigError, ValueError):
    """One or several settings are wrong; the message names each of them.

    Parameters
    ----------
    problems : "name: what is wrong with it", the name with dots for a setting within a group.

    Notes
    -----
    A `ValueError` too: pydantic then completes the name of a setting in a nested group.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__(*problems)
        self.problems = problems

    def __str__(self) -> str:
        return "; ".join(self.problems)

    def within(self, group: str) -> "SettingsError":
        """The same problems, of settings that belong to a group."""
        return SettingsError(*(f"{group}.{problem}" for problem in self.problems))

    def renamed(self, name: str, shown: str) -> "SettingsError":
        """The same problems, with the name by which the user knows a setting."""
        before = f"{name}:"
        return SettingsError(
            *(
                f"{shown}:{problem.removeprefix(before)}" if problem.startswith(before) else problem
                for problem in self.problems
            )
        )


class Settings(BaseModel):
    """Base of all groups of settings: immutable, of exact types, without unknown names.

    A subclass lists its fields as a dataclass does; pydantic's `Field` bounds a value, and
    `check` says what several fields must agree on. Numbers are finite, an integer may stand for
    a float, nothing else is converted.

    Raises
    ------
    ConfigError
        A name is unknown (the nearest known one is given), or a value has the wrong type, is out
        of range or contradicts another one; the message says what was found and expected.

    Examples
    --------
    >>> class Window(Settings):
    ...     side: Count = 112
    >>> Window(side=96).side
    96
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        validate_default=True,
        protected_namespaces=(),
    )

    def __init__(self, **values: Any) -> None:
        _keep_truth_apart(values, type(self).model_fields)
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise _translated(error, type(self).model_fields) from None

    def check(self) -> None:
        """Report by `require` what several fields contradict; for subclasses, after all fields."""

    @model_validator(mode="after")
    def _checked(self: Own) -> Own:
        self.check()
        return self

    @classmethod
    def from_mapping(cls: type[Own], values: Any, *, where: str = "") -> Own:
        """Settings from a table such as one of a TOML or JSON file.

        Parameters
        ----------
        values : by name; groups within it are tables again.
        where : name of the table, for messages; "" for the whole file.

        Raises
        ------
        ConfigError
            As when made by name; settings are named with their table, as in "model.width".
        """
        if not isinstance(values, Mapping):
            raise SettingsError(f"{where or 'settings'}: found {shown(values)}, expected a table")
        try:
            return cls(**values)
        except SettingsError as error:
            raise (error.within(where) if where else error) from None

    def require(self, condition: bool, name: str, expected: str) -> None:
        """Raise `ConfigError` about the field `name` unless the condition holds."""
        if not condition:
            raise SettingsError(f"{name}: found {shown(getattr(self, name))}, expected {expected}")

    def replace(self: Own, **changes: Any) -> Own:
        """The same settings but for some, checked again."""
        return type(self)(**(dict(self) | changes))


def differences(found: Any, wanted: Any, name: str = "") -> list[str]:
    """One line for each setting of nested plain values that differs, by dotted name.

    Examples
    --------
    >>> differences({"optim": {"lr": 0.1}}, {"optim": {"lr": 0.2}})
    ['optim.lr: 0.1 there, 0.2 asked for']
    """
    if isinstance(found, Mapping) and isinstance(wanted, Mapping):
        return [
            line
            for key in sorted({*found, *wanted})
            for line in differences(found.get(key), wanted.get(key), f"{name}.{key}".strip("."))
        ]
    return [] if found == wanted else [f"{name}: {found!r} there, {wanted!r} asked for"]


def nearest_name(name: str, known: Iterable[str]) -> str:
    """A sentence for an error message: the closest known name, or all of them.

    Examples
    --------
    >>> nearest_name("c3b", ["c3d", "res_tcn"])
    "did you mean 'c3d'?"
    """
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(names)}"


def shown(value: object) -> str:
    """A value for a message: as in Python, and short.

    Examples
    --------
    >>> shown("wave"), shown(10**5000), shown([0] * 1000)[-6:]
    ("'wave'", 'an int of 16610 bits', ', 0...')
    """
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # thousands of digits; nested too deep
        size = f" of {value.bit_length()} bits" if isinstance(value, int) else ""
        return f"an {type(value).__name__}{size}" if size else f"a {type(value).__name__}"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _keep_truth_apart(values: Mapping[str, Any], fields: Mapping[str, FieldInfo]) -> None:
    """Refuse `True` where pydantic would take it for the 1 of a `Literal`."""
    for name in values.keys() & fields.keys():
        hint, value = fields[name].annotation, values[name]
        options = get_args(hint) if get_origin(hint) is Literal else (value,)
        if isinstance(value, bool) and not any(option is value for option in options):
            expected = ", ".join(map(repr, options))
            raise SettingsError(f"{name}: found {shown(value)}, expected one of {expected}")


def _translated(error: ValidationError, known: Iterable[str]) -> SettingsError:
    return SettingsError(*(text for each in error.errors() for text in _problems(each, known)))


def _problems(error: ErrorDetails, known: Iterable[str]) -> Iterable[str]:
    """What pydantic found wrong with one value, each problem beginning with the setting's name."""
    name, context = ".".join(map(str, error["loc"])), error.get("ctx", {})
    cause = context.get("error")
    if isinstance(cause, SettingsError):
        return (cause.within(name) if name else cause).problems
    if error["type"] == "extra_forbidden":
        return (f"{name}: no such setting; {nearest_name(name, known)}",)
    if error["type"] == "missing":
        return (f"{name}: not given, and it has no default",)
    return (f"{name}: found {shown(error['input'])}, expected {_expected(error, context)}",)


def _expected(error: ErrorDetails, context: Mapping[str, Any]) -> str:
    kind = error["type"]
    if kind == "literal_error":
        return "one of " + ", ".join(context["expected"].rsplit(" or ", 1))
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return "a table of settings"
    if kind == "greater_than" and context["gt"] == 0:
        return "positive"
    if kind in _EXPECTED:
        return _EXPECTED[kind].format(**context)
    return error["msg"].removeprefix(_PYDANTIC_PREFIX)
