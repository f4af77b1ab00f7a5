"""Survey logic: XLSForm expressions, in a documented subset of XPath 1.0 as ODK understands it.

The subset: `and` `or`, comparisons, `+ - * div mod`, `${name}`, `.`, text, numbers, and the functions in `ARITY`.
Inside a choice_filter the choices sheet's own columns may be named too. Anything else is `Unsupported`.

A value is text: `""` is unanswered, a multiple answer its codes with spaces between, a date ISO 8601. Text that is no
number is NaN, which no comparison but `!=` accepts; a date counts as days since 1970. ODK Web Forms
(`@getodk/xforms-engine`) is the oracle for all of it, and `tests/surveys/test_odk_oracle.py` asks it.
"""

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final, TypeAlias

from bot.core.expression_parser import Chain, Column, Current, Junction, Literal, Minus, Node, Reference, parse
from bot.core.expression_parser import Unsupported as Unsupported
from bot.core.patterns import Pattern, compiled_pattern
from bot.core.survey import Choice, Question

ChoiceNames: TypeAlias = Callable[[str, str], str]
"""Gives the label of (question name, choice code), in the language of the conversation."""


def check(expression: str, *, columns: frozenset[str] = frozenset(), condition: bool = False) -> None:
    """Raise `Unsupported`, in words for the survey's author, if the expression is outside the subset.

    `columns` are the columns of the choices sheet that a choice_filter may name. `condition` says that the whole is
    asked whether it is true, as `relevant` and `constraint` are.
    """
    tree = parse(expression)
    if condition:
        _refuse_bare_answer(tree.root)
    named = tree.columns - columns
    if named:
        raise Unsupported(
            f"'{min(named)}' is not something Earshot can read; "
            f"to read an answer write ${{{min(named)}}}, to write text put it in quotes"
        )
    _compiled(expression)


def references(expression: str) -> frozenset[str]:
    """Name the questions that the expression reads with `${name}`. Raises `Unsupported`."""
    return parse(expression).references


def reads_itself(expression: str) -> bool:
    """Say whether the expression reads `.`, the answer of its own row. Raises `Unsupported`."""
    return parse(expression).reads_current


def holds(
    expression: str,
    values: Mapping[str, str],
    *,
    current: str | None = None,
    today: date,
    choice_names: ChoiceNames | None = None,
    columns: Mapping[str, str] | None = None,
) -> bool:
    """Say whether a condition is true. An empty one is. A question without a value counts as unanswered.

    `current` is what `.` reads, `columns` the choice that a choice_filter looks at
    (left out: its columns are among `values`). As in ODK, a constraint is to be
    asked of an answer only, never of an empty one. Raises `Unsupported` for what `check` would refuse.
    """
    if not expression:
        return True
    return _boolean(
        _compiled(expression)(
            _Scope(values, current or "", today, choice_names, values if columns is None else columns)
        )
    )


def value_of(
    expression: str,
    values: Mapping[str, str],
    *,
    current: str | None = None,
    today: date,
    choice_names: ChoiceNames | None = None,
) -> str:
    """Work a calculation out, as text: `true`/`false` for a condition, empty where there is no number."""
    if not expression:
        return ""
    return _text(_compiled(expression)(_Scope(values, current or "", today, choice_names, values)))


def offered(question: Question, values: Mapping[str, str], *, today: date) -> tuple[Choice, ...]:
    """List the choices that the question's choice_filter lets through, in order."""
    if not question.choice_filter:
        return question.choices
    return tuple(
        choice
        for choice in question.choices
        if holds(question.choice_filter, values, today=today, columns={**choice.filters, "name": choice.name})
    )


class _Day(float):
    """Days since 1970 that read as an ISO date when taken as text."""


class _Nothing(str):
    """The blank cell of a choice column: as in ODK it equals nothing and differs from nothing."""


@dataclass(frozen=True, slots=True)
class _Scope:
    """What an evaluation may look at."""

    values: Mapping[str, str]
    current: str
    today: date
    choice_names: ChoiceNames | None
    columns: Mapping[str, str]


_Value: TypeAlias = str | float | bool
_Evaluate: TypeAlias = Callable[[_Scope], _Value]

_EPOCH = date(1970, 1, 1)
_FURTHEST_DAY = 700_000
_NOTHING: Final = _Nothing()
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _day(text: str) -> float:
    try:
        return _Day((date.fromisoformat(text) - _EPOCH).days)
    except ValueError:
        return math.nan


def _number(value: _Value) -> float:
    if not isinstance(value, str):
        return float(value)
    text = value.strip()
    if _NUMBER.fullmatch(text):
        return float(text)
    return _day(text) if _DATE.fullmatch(text) else math.nan


def _boolean(value: _Value) -> bool:
    if isinstance(value, float):
        return value != 0 and not math.isnan(value)
    return bool(value.strip()) if isinstance(value, str) else value


def _text(value: _Value) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, _Day):
        return date.fromordinal(_EPOCH.toordinal() + int(value)).isoformat()
    if math.isnan(value):
        return ""
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return str(int(value)) if value.is_integer() else format(Decimal(repr(value)), "f")


def _incomparable(left: _Value, right: _Value) -> bool:
    blank = isinstance(left, _Nothing) or isinstance(right, _Nothing)
    return blank and not (isinstance(left, bool) or isinstance(right, bool))


def _equal(left: _Value, right: _Value) -> bool:
    """Compare as XPath does: as conditions if one is, else as numbers if one is, else as text."""
    if _incomparable(left, right):
        return False
    if isinstance(left, bool) or isinstance(right, bool):
        return _boolean(left) == _boolean(right)
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    return _number(left) == _number(right)


def _differ(left: _Value, right: _Value) -> bool:
    return not _incomparable(left, right) and not _equal(left, right)


def _divide(left: float, right: float) -> float:
    if right:
        return left / right
    return math.nan if not left or math.isnan(left) else math.copysign(math.inf, left) * math.copysign(1, right)


def _remainder(left: float, right: float) -> float:
    return math.fmod(left, right) if right and math.isfinite(left) else math.nan


def _by_number(step: Callable[[float, float], _Value]) -> Callable[[_Value, _Value], _Value]:
    return lambda left, right: step(_number(left), _number(right))


_OPERATORS: Final[Mapping[str, Callable[[_Value, _Value], _Value]]] = {
    "=": _equal,
    "!=": _differ,
    "<": _by_number(operator.lt),
    "<=": _by_number(operator.le),
    ">": _by_number(operator.gt),
    ">=": _by_number(operator.ge),
    "+": _by_number(operator.add),
    "-": _by_number(operator.sub),
    "*": _by_number(operator.mul),
    "div": _by_number(_divide),
    "mod": _by_number(_remainder),
}


@lru_cache(maxsize=4096)
def _compiled(expression: str) -> _Evaluate:
    """Turn an expression into one Python function. Parsing costs about 50 microseconds, calling it about two."""
    return _function(parse(expression).root)


def _function(node: Node) -> _Evaluate:
    match node:
        case Literal(value):
            return lambda scope: value
        case Reference(name):
            return lambda scope: scope.values.get(name, "")
        case Current():
            return lambda scope: scope.current
        case Column(name):
            return lambda scope: scope.columns.get(name, _NOTHING)
        case Minus(operand):
            inner = _function(operand)
            return lambda scope: -_number(inner(scope))
        case Junction(every, operands):
            return _junction(every, tuple(_condition(operand) for operand in operands))
        case Chain(first, rest):
            return _chain(_function(first), tuple((_OPERATORS[name], _function(operand)) for name, operand in rest))
        case call:
            return _call(call.name, call.arguments)


def _refuse_bare_answer(node: Node) -> None:
    """Refuse an answer where a condition belongs: in ODK a question that exists is true, answered or not."""
    name = f"${{{node.name}}}" if isinstance(node, Reference) else "."
    if isinstance(node, Reference | Current):
        raise Unsupported(f"{name} alone is no condition, it is true in ODK even unanswered; write {name} != ''")


def _condition(node: Node) -> _Evaluate:
    _refuse_bare_answer(node)
    return _function(node)


def _junction(every: bool, operands: tuple[_Evaluate, ...]) -> _Evaluate:
    if every:
        return lambda scope: all(_boolean(operand(scope)) for operand in operands)
    return lambda scope: any(_boolean(operand(scope)) for operand in operands)


def _chain(first: _Evaluate, rest: tuple[tuple[Callable[[_Value, _Value], _Value], _Evaluate], ...]) -> _Evaluate:
    if len(rest) == 1:
        apply, second = rest[0]
        return lambda scope: apply(first(scope), second(scope))

    def evaluate(scope: _Scope) -> _Value:
        value = first(scope)
        for apply, operand in rest:
            value = apply(value, operand(scope))
        return value

    return evaluate


def _call(name: str, arguments: tuple[Node, ...]) -> _Evaluate:
    if name == "regex":
        pattern, tested = _written_pattern(arguments[1]), _function(arguments[0])
        return lambda scope: pattern.search(_text(tested(scope)).encode(errors="replace")) is not None
    if name == "jr:choice-name":
        return _choice_name(*arguments)
    if name == "date" and isinstance(arguments[0], Literal) and math.isnan(_number(_as_date(arguments[0].value))):
        raise Unsupported(f"date('{_text(arguments[0].value)}') is no date; write it as date('2026-05-31')")
    if name in ("not", "if"):
        _refuse_bare_answer(arguments[0])
    return _FUNCTIONS[name](*(_function(argument) for argument in arguments))


def _as_date(value: _Value) -> _Value:
    if isinstance(value, float):
        return _Day(math.floor(value)) if abs(value) < _FURTHEST_DAY else math.nan
    return _day(value.strip()) if isinstance(value, str) and value else ""


def _written_pattern(node: Node) -> Pattern:
    if isinstance(node, Literal) and isinstance(node.value, str):
        return compiled_pattern(node.value)
    raise Unsupported("the pattern of regex() must be written out in quotes, not worked out from an answer")


def _choice_name(chosen: Node, asked: Node) -> _Evaluate:
    """Give the label of a choice. The parser has made sure that `asked` is a reference."""
    code, question = _function(chosen), asked.name if isinstance(asked, Reference) else ""

    def evaluate(scope: _Scope) -> _Value:
        name = _text(code(scope))
        return scope.choice_names(question, name) if scope.choice_names and name else ""

    return evaluate


_FUNCTIONS: Final[Mapping[str, Callable[..., _Evaluate]]] = {
    "not": lambda a: lambda s: not _boolean(a(s)),
    "true": lambda: lambda s: True,
    "false": lambda: lambda s: False,
    "selected": lambda a, b: lambda s: _text(b(s)).strip() in _text(a(s)).split(),
    "count-selected": lambda a: lambda s: float(len(_text(a(s)).split())),
    "string-length": lambda a: lambda s: float(len(_text(a(s)))),
    "coalesce": lambda a, b: lambda s: _text(a(s)) or _text(b(s)),
    "if": lambda condition, a, b: lambda s: a(s) if _boolean(condition(s)) else b(s),
    "once": lambda a: lambda s: s.current or _text(a(s)),
    "today": lambda: lambda s: _Day((s.today - _EPOCH).days),
    "date": lambda a: lambda s: _as_date(a(s)),
}
