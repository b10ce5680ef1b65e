"""How the kernels are compiled: without the interpreter's lock, kept on disk, as vector code.

Compiling is what the first call on a machine waits for, so little is left to compile: only what
Python calls is kept on disk and can be called from Python; what kernels call of each other takes
pointers and counts, since every slice and every array that is handed on is code to generate.
"""

import logging
from typing import Any

from numba import njit
from numba.core import cgutils, event, types
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
            log.info(ANNOUNCEMENT)

    def on_end(self, event: Any) -> None:
        """Nothing to say."""


ANNOUNCEMENT = "compiling kernels for this machine: once after installing or updating skelflow"
log = logging.getLogger(__name__)
event.register("numba:compile", _Announce())


def _can_keep() -> bool:
    """Whether there is a place for compiled code: numba refuses to compile where there is none."""
    try:
        njit(cache=True)(_nothing)
    except RuntimeError:
        log.warning(
            "no folder to keep compiled code in (the package and the home cannot be written): it "
            "is compiled anew each time; set NUMBA_CACHE_DIR to a folder to keep it"
        )
        return False
    return True


def _nothing() -> None:
    pass


_FAST = {"contract", "nsz"}
_SHARED: dict[str, Any] = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}
_INNER = _SHARED | {"no_cpython_wrapper": True}

compiled = njit(**_SHARED, cache=_can_keep(), fastmath=_FAST)  # what Python calls
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
