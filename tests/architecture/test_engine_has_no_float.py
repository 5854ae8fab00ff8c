"""No binary floating point can enter the engine: the syntax tree is searched for every door it could come through.

A test of results would only catch a float that changes one. Here division itself is banned (`Fraction(a, b)` says what is
meant), and so is every name that makes or returns floats.
"""

import ast
from pathlib import Path

import pytest

ENGINE = Path(__file__).resolve().parents[2] / "apps" / "engine"
FILES = sorted(ENGINE.rglob("*.py"))

BANNED_NAMES = {"float", "complex", "round", "cmath", "statistics", "random", "math", "time"}
BANNED_ATTRIBUTES = {
    *(
        "average",
        "bincount",
        "cbrt",
        "corrcoef",
        "cov",
        "divide",
        "double",
        "exp",
        "fromiter",
        "half",
        "histogram",
        "inexact",
        "inf",
    ),
    *("interp", "linspace", "log", "log10", "log2", "longdouble", "mean", "median", "nan", "nanmean", "percentile", "quantile"),
    *("random", "reciprocal", "single", "sqrt", "std", "timestamp", "total_seconds", "true_divide", "var"),
}
ALLOWED_FROM_MATH = {"lcm", "gcd", "isqrt"}
MAKERS = {"empty", "zeros", "ones", "full", "array", "arange", "eye", "identity"}
FLOAT_TYPE_NAMES = ("f2", "f4", "f8", "f", "d", "g", "c8", "c16", "float", "double", "half", "single", "complex")


def float_doors(source: str) -> list[str]:
    """Return every place in a source through which a float could come in."""
    return [f"line {node.lineno}: {why}" for node in ast.walk(ast.parse(source)) if (why := _door(node))]  # type: ignore[attr-defined]


def _door(node: ast.AST) -> str:
    match node:
        case ast.Constant(value=float() | complex()):
            return f"the literal {node.value!r}"
        case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()):
            return "a division; write Fraction(a, b) or //"
        case ast.BinOp(op=ast.Pow(), right=right) if not (isinstance(right, ast.Constant) and isinstance(right.value, int)):
            return "a power that may be negative"
        case ast.Name(id=name) if name in BANNED_NAMES:
            return f"the name {name}"
        case ast.Attribute(attr=name) if name in BANNED_ATTRIBUTES or name.startswith("float"):
            return f"the attribute {name}"
        case ast.Import(names=names) if any(alias.name.split(".")[0] in BANNED_NAMES for alias in names):
            return "an import of floats"
        case ast.ImportFrom(module="math", names=names):
            return "" if {alias.name for alias in names} <= ALLOWED_FROM_MATH else "a function of math that returns floats"
        case ast.ImportFrom(module=str(module)) if module.split(".")[0] in BANNED_NAMES:
            return "an import of floats"
        case ast.Call(func=ast.Attribute(attr=name), args=args, keywords=keywords) if name in MAKERS:
            typed = len(args) >= (3 if name == "full" else 2) or any(keyword.arg == "dtype" for keyword in keywords)
            whole = name in ("arange", "array") and not typed and all(not _may_be_float(arg) for arg in args)
            return "" if typed or whole else f"np.{name} without a type, which makes floats by default"
        case ast.Constant(value=str(text)) if text.lstrip("<>=|") in FLOAT_TYPE_NAMES:
            return f"the type {text!r}"
    return ""


def _may_be_float(node: ast.AST) -> bool:
    return isinstance(node, ast.List | ast.ListComp | ast.Constant) and not isinstance(getattr(node, "value", None), int)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_float_can_come_in(path: Path) -> None:
    assert float_doors(path.read_text(encoding="utf-8")) == []


def test_the_engine_is_where_it_is_looked_for() -> None:
    assert {"money.py", "settlement.py", "sharing.py"} <= {path.name for path in FILES}


DOORS = """
x = 0.5
x = 1j
x = a / b
x /= 2
x = float(a)
x = round(a)
x = 10 ** -n
x = 10 ** n
import math
from math import sqrt
from statistics import mean
x = np.mean(a)
x = a.mean()
x = np.zeros(3)
x = np.empty((2, 2))
x = np.full(3, 1)
x = np.array([0])
x = np.zeros(3, '<f8')
x = a.astype('f8')
x = a.astype(np.float64)
x = np.float32(3)
x = np.true_divide(a, b)
x = np.bincount(a, weights=w)
x = at.timestamp()
x = span.total_seconds()
"""
WHOLE = """
x = Fraction(a, b)
x = a // b
x = 10 ** 6
x = 5
x = np.zeros(3, np.int64)
x = np.arange(n)
from math import lcm
"""


@pytest.mark.parametrize("line", DOORS.strip().splitlines())
def test_the_search_finds_each_door(line: str) -> None:
    assert float_doors(line) != []


@pytest.mark.parametrize("line", WHOLE.strip().splitlines())
def test_the_search_lets_whole_numbers_pass(line: str) -> None:
    assert float_doors(line) == []
