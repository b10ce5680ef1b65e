"""How the kernels are compiled: without the interpreter's lock, kept on disk, as vector code.

Compiling is what the first call on a machine waits for, so little is left to compile: only what
Python calls is kept on disk and can be called from Python; what kernels call of each other takes
pointers and counts, since every slice and every array that is handed on is code to generate.
"""

import logging
from collections.abc import Callable
from functools import cache
from typing import Any

from numba import njit
from numba.core import cgutils, event, types
from numba.core.caching import FunctionCache
from numba.core.compiler import Compiler
from numba.core.errors import TypingError
from numba.extending import intrinsic
from numba.np.arrayobj import make_array


class _Disjoint(Compiler):
    """Promises the compiler that the arrays of one call do not overlap where one is written.

    Without the promise it guards a loop over many rows by so many comparisons of addresses that
    it gives up on vector code.
    """

    def __init__(self, *context: Any) -> None:
        *_, flags, _ = context
        flags.noalias = True
        super().__init__(*context)  # type: ignore[no-untyped-call]


class _Announce(event.Listener):
    """Logs once that kernels are compiled: a process that finds them on the disk logs nothing."""

    said = False

    def on_start(self, event: Any) -> None:
        """Say it at the first of our own kernels."""
        ours = event.data["dispatcher"].py_func.__module__.startswith("skelflow.")
        if ours and not self.said:
            self.said = True
            kept = not _warn.cache_info().currsize
            log.info(ANNOUNCEMENT if kept else ANNOUNCEMENT_ANEW)

    def on_end(self, event: Any) -> None:
        """Nothing to say."""


ANNOUNCEMENT_ANEW = "compiling kernels for this machine"
ANNOUNCEMENT = f"{ANNOUNCEMENT_ANEW}: once after installing or updating skelflow"
log = logging.getLogger(__name__)
event.register("numba:compile", _Announce())


@cache
def _warn(reason: str) -> None:
    """Say once that compiled code is not kept."""
    log.warning(
        "no folder to keep compiled code in (%s): it is compiled anew each time; set "
        "NUMBA_CACHE_DIR to a folder to keep it",
        reason,
    )


class _Cache(FunctionCache):
    """Machine code on disk; where it cannot be kept or read, it is compiled again."""

    def load_overload(self, *args: Any) -> Any:
        """What was kept; None where nothing can be read."""
        try:
            return super().load_overload(*args)  # type: ignore[no-untyped-call]
        except OSError as error:
            _warn(error.strerror or str(error))
            return None

    def save_overload(self, *args: Any) -> None:
        """Keep it, where the disk is neither full nor read-only."""
        try:
            super().save_overload(*args)  # type: ignore[no-untyped-call]
        except OSError as error:
            _warn(error.strerror or str(error))


_FAST = {"contract", "nsz"}
_SHARED: dict[str, Any] = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}
_INNER = _SHARED | {"no_cpython_wrapper": True}


def compiled(function: Callable[..., Any]) -> Any:
    """What Python calls: kept on disk where there is a place; numba alone would refuse to work."""
    kernel = njit(**_SHARED, fastmath=_FAST)(function)
    try:
        kernel._cache = _Cache(kernel.py_func)  # type: ignore[no-untyped-call]
    except RuntimeError:  # numba finds no folder that can be written
        _warn("the package and the home cannot be written")
    return kernel


inner = njit(**_INNER, fastmath=_FAST)  # what only compiled code calls
on_rows = njit(**_INNER, fastmath=_FAST, pipeline_class=_Disjoint)  # rows that do not overlap
on_rows_approximate = njit(  # the same; 1 / sqrt to rounding, from the processor's estimate
    **_INNER, fastmath=_FAST | {"arcp", "afn"}, pipeline_class=_Disjoint
)


@intrinsic
def pointer(context: Any, array: Any, *index: Any) -> Any:
    """The address of an element of a contiguous array; `p[i]` is the i-th from there.

    It keeps no array alive: whoever takes the pointer must use the array later, as a loop does in
    its next turn. Arrays that are not contiguous are refused when a kernel is compiled.
    """
    del context
    if not isinstance(array, types.Array) or array.layout != "C":
        raise TypingError(f"pointer: expected a contiguous array, found {array}")

    places = types.StarArgTuple((types.intp,) * len(index))

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        del signature
        made = make_array(array)(context, builder, args[0])
        place = cgutils.unpack_tuple(builder, args[1], len(index))
        return cgutils.get_item_pointer(context, builder, array, made, place)

    return types.CPointer(array.dtype)(array, places), generate
