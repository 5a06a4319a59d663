"""Array aliases and closed choices shared by every module."""

from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]
BoolArray: TypeAlias = NDArray[np.bool_]
# A weight matrix in a kernel: CSR when the rule is sparse, dense when it is dense.
Matrix: TypeAlias = FloatArray | sparse.csr_array[Any, tuple[int, int]]

Seed: TypeAlias = np.random.Generator | int | None
Alternative: TypeAlias = Literal["two-sided", "greater", "less"]
BalancePolicy: TypeAlias = Literal["error", "drop-cities", "drop-years"]
IslandPolicy: TypeAlias = Literal["error", "keep", "nearest", "drop"]
Effects: TypeAlias = Literal["none", "city", "year", "city-year"]
