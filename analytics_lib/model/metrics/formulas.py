"""Formulas over metrics: ``(revenue - cost) / orders``, read by Python's own grammar and nothing else of Python."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Final

_OPERATORS: Final = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
FUNCTIONS: Final = {"abs": (1, 1), "coalesce": (2, 9)}
"""Function → the least and the most arguments."""
_DEEPEST: Final = 50


@dataclass(frozen=True)
class Number:
    """A number that is written in a formula."""

    value: float


@dataclass(frozen=True)
class Name:
    """A metric by its name."""

    name: str


@dataclass(frozen=True)
class Operation:
    """Two parts and what is done to them: ``+ - * /``; a division by zero has no value."""

    operator: str
    left: Formula
    right: Formula


@dataclass(frozen=True)
class Call:
    """A function of `FUNCTIONS` and its arguments."""

    function: str
    arguments: tuple[Formula, ...]


Formula = Number | Name | Operation | Call


def parse_formula(text: str) -> Formula:
    """Return a formula's parts.

    Raises
    ------
    ValueError
        It holds anything but names, numbers, ``+ - * /``, brackets and the functions known.

    Examples
    --------
    >>> parse_formula("revenue / 2")
    Operation(operator='/', left=Name(name='revenue'), right=Number(value=2.0))
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise ValueError(f"the formula '{text}' cannot be read; (revenue - cost) / orders is an example") from None
    return _read(tree, text, 0)


def names_in(formula: Formula) -> list[str]:
    """Return the metrics that a formula names, each once."""
    if isinstance(formula, Name):
        return [formula.name]
    parts: tuple[Formula, ...] = ()
    if isinstance(formula, Operation):
        parts = (formula.left, formula.right)
    elif isinstance(formula, Call):
        parts = formula.arguments
    return list(dict.fromkeys(name for part in parts for name in names_in(part)))


def _read(node: ast.expr, text: str, depth: int) -> Formula:
    if depth > _DEEPEST:
        raise ValueError(f"the formula is nested more than {_DEEPEST} deep; make metrics of its parts")
    if isinstance(node, ast.Constant) and type(node.value) in {int, float}:
        return _number(node.value, text)
    if isinstance(node, ast.Name):
        return Name(node.id)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        left, right = _read(node.left, text, depth + 1), _read(node.right, text, depth + 1)
        return Operation(_OPERATORS[type(node.op)], left, right)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return Operation("-", Number(0.0), _read(node.operand, text, depth + 1))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        return _call(node.func.id, node.args, text, depth)
    shown = ast.get_source_segment(text.strip(), node) or text
    raise ValueError(f"the formula holds '{shown}'; it may hold metrics, numbers, + - * /, brackets, abs and coalesce")


def _number(value: object, text: str) -> Number:
    try:
        number = float(str(value))
    except (ValueError, OverflowError):
        number = float("inf")
    if number == float("inf"):
        raise ValueError(f"the formula '{text[:40]}' holds a number too large; divide or multiply by less")
    return Number(number)


def _call(function: str, given: list[ast.expr], text: str, depth: int) -> Call:
    if function not in FUNCTIONS:
        raise ValueError(f"the formula calls '{function}'; known are abs and coalesce")
    least, most = FUNCTIONS[function]
    if not least <= len(given) <= most:
        wanted = "one argument" if least == most else "two arguments or more"
        raise ValueError(f"{function}() of the formula has {len(given)} arguments; it takes {wanted}")
    return Call(function, tuple(_read(each, text, depth + 1) for each in given))
