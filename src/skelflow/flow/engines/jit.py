"""How the kernels are compiled: without the interpreter's lock, kept on disk, as vector code."""

from typing import Any

from numba import njit
from numba.core.compiler import Compiler


class _Disjoint(Compiler):
    """Promises the compiler that the arrays of one call do not overlap where one is written.

    Without the promise it guards a loop over many rows by so many comparisons of addresses that
    it gives up on vector code.
    """

    def __init__(self, *context: Any) -> None:
        *_, flags, _ = context
        flags.noalias = True
        super().__init__(*context)  # type: ignore[no-untyped-call]


_FAST = {"contract", "nsz"}
_SHARED: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}

compiled = njit(**_SHARED, fastmath=_FAST)  # whole images
on_rows = njit(**_SHARED, fastmath=_FAST, pipeline_class=_Disjoint)  # rows that do not overlap
on_rows_approximate = njit(  # the same; 1 / sqrt to rounding, from the processor's estimate
    **_SHARED, fastmath=_FAST | {"arcp", "afn"}, pipeline_class=_Disjoint
)
