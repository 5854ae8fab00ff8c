"""One hash per value: equal facts give equal digests, whatever the order of rows, the machine or the number of workers."""

import hashlib
import json
from dataclasses import is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.engine.errors import InputsInconsistent
from apps.engine.inputs import MonthInputs
from apps.engine.ordering import canonical
from apps.engine.results import MonthResult

_SCHEME = "settlement-digest-1"
_ROWS_PER_BLOCK = 256
# Nearly all values are of these very types (an Enum is a `str` too, but not of the type `str`): they are told apart at once.
_AS_IT_IS = frozenset({str, int, bool, type(None)})

# Fields that came after the first digests were stored: while empty they are left out, so that those stay true.
_LATER = frozenset({"given"})


def inputs_sha256(inputs: MonthInputs) -> str:
    """Return the SHA-256 (64 hexadecimal digits) of an input, brought into canonical order first.

    Numbers count by value (`10` and `10.0` are the same percent), arrays by type, shape and little-endian bytes.
    """
    return _sha256(canonical(inputs))


def result_sha256(result: MonthResult) -> str:
    """Return the SHA-256 (64 hexadecimal digits) of a result: every number in it, the hours included."""
    return _sha256(result)


def _sha256(value: MonthInputs | MonthResult) -> str:
    digest = hashlib.sha256()
    arrays: list[NDArray[Any]] = []
    header = {"scheme": _SCHEME, "type": type(value).__name__, "value": _plain(value, arrays)}
    digest.update(json.dumps(header, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode())
    for array in arrays:
        little_endian = array.dtype.newbyteorder("<")
        for start in range(0, array.shape[0], _ROWS_PER_BLOCK):  # blocks: a matrix that must be copied is never copied whole
            digest.update(np.ascontiguousarray(array[start : start + _ROWS_PER_BLOCK], little_endian).data)
    return digest.hexdigest()


def _plain(value: Any, arrays: list[NDArray[Any]]) -> Any:
    """Return a value as JSON knows it: exact numbers as `numerator/denominator`, arrays as their shape (their bytes follow)."""
    if type(value) in _AS_IT_IS:
        return value
    match value:
        case Enum():
            return str(value.value)
        case int() | str():
            return value
        case Decimal() | Fraction():
            numerator, denominator = value.as_integer_ratio()
            return f"{numerator}/{denominator}"
        case date():
            return value.isoformat()
        case tuple():
            return [_plain(item, arrays) for item in value]
        case np.ndarray():
            arrays.append(value)
            return {"shape": list(value.shape), "type": value.dtype.name}
    if is_dataclass(value):
        return {
            name: part if type(part := getattr(value, name)) in _AS_IT_IS else _plain(part, arrays)
            for name in value.__dataclass_fields__
            if name not in _LATER or getattr(value, name)
        }
    raise InputsInconsistent(f"A {type(value).__name__} has no place in an input or a result. Build it again from the records.")
