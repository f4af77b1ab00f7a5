"""Reading an XLSForm expression into a tree: the grammar of the subset that `expressions` evaluates.

An own parser, because the grammar is thirty lines, a survey's author needs to be told what is wrong in their words,
and the library that was measured (elementpath) costs 18 MB of memory and a quarter of a second at every start.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

ARITY: Final[Mapping[str, tuple[int, str]]] = {
    "not": (1, "not(condition)"),
    "true": (0, "true()"),
    "false": (0, "false()"),
    "selected": (2, "selected(${question}, 'code')"),
    "count-selected": (1, "count-selected(${question})"),
    "regex": (2, "regex(., '[0-9]+')"),
    "string-length": (1, "string-length(${question})"),
    "coalesce": (2, "coalesce(${one}, ${two})"),
    "if": (3, "if(condition, then, else)"),
    "once": (1, "once(value)"),
    "today": (0, "today()"),
    "date": (1, "date('2026-05-31')"),
    "jr:choice-name": (2, "jr:choice-name(${question}, '${question}')"),
}
"""Every function of the subset: how many things go in its brackets, and an example."""

_LONGEST = 4_000
_DEEPEST = 30


class Unsupported(Exception):
    """The expression is outside the subset. Its text says what and what to write, for the survey's author."""


@dataclass(frozen=True, slots=True)
class Literal:
    """Text in quotes, or a number."""

    value: str | float


@dataclass(frozen=True, slots=True)
class Reference:
    """`${name}`: the answer to a question."""

    name: str


@dataclass(frozen=True, slots=True)
class Current:
    """`.`: the answer of the row that holds the expression."""


@dataclass(frozen=True, slots=True)
class Column:
    """A bare name: a column of the choices sheet, in a choice_filter."""

    name: str


@dataclass(frozen=True, slots=True)
class Minus:
    """A number turned negative."""

    operand: "Node"


@dataclass(frozen=True, slots=True)
class Junction:
    """Conditions joined by `and` (every) or by `or`."""

    every: bool
    operands: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """Operators of one rank, from left to right."""

    first: "Node"
    rest: tuple[tuple[str, "Node"], ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments."""

    name: str
    arguments: tuple["Node", ...]


Node: TypeAlias = Literal | Reference | Current | Column | Minus | Junction | Chain | Call


@dataclass(frozen=True, slots=True)
class Tree:
    """A parsed expression and what it reads."""

    root: Node
    references: frozenset[str]
    columns: frozenset[str]
    reads_current: bool


@lru_cache(maxsize=4096)
def parse(expression: str) -> Tree:
    """Parse an expression. Raises `Unsupported` and nothing else, whatever the text."""
    if len(expression) > _LONGEST:
        raise Unsupported(f"it is longer than {_LONGEST:,} characters; split it over calculate rows")
    parser = _Parser(_tokens(expression))
    root = parser.whole()
    return Tree(root, frozenset(parser.references), frozenset(parser.columns), parser.reads_current)


_TOKEN = re.compile(
    r"""\s*(?:
    (?P<text>"[^"]*"|'[^']*')
    |(?P<reference>\$\{[A-Za-z_][\w.\-]*\})
    |(?P<number>\d+(?:\.\d*)?|\.\d+)
    |(?P<name>[A-Za-z_][\w.\-]*(?::[A-Za-z_][\w.\-]*)?)
    |(?P<sign><=|>=|!=|[=<>+\-*(),])
    |(?P<dot>\.(?![.\d]))
    )\s*""",
    re.VERBOSE | re.ASCII,
)

_Token: TypeAlias = tuple[str, str]
_END: Final[_Token] = ("end", "")


def _tokens(expression: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while at < len(expression):
        found = _TOKEN.match(expression, at)
        if found is None:
            if not expression[at:].strip():
                break
            tokens.append(("unreadable", expression[at:].strip()))
            break
        kind = str(found.lastgroup)
        tokens.append((kind, found[kind]))
        at = found.end()
    return tokens


def _unreadable(rest: str) -> str:
    """Say what is wrong with text that begins no token."""
    if rest[0] in "'\"":
        return f"a quotation mark is opened and never closed, at {rest[:20]}"
    if rest.startswith("$"):
        return f"'{rest[:20]}' is no reference to a question; write ${{name}}"
    if rest[0] in "/[@|" or rest.startswith(".."):
        return f"paths such as '{rest[:20]}' are not supported; write ${{name}} to read a question"
    return f"'{rest[0]}' has no meaning in an expression, at '{rest[:20]}'"


class _Parser:
    """Recursive descent, one method for each rank of operator, loosest first."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0
        self.references: set[str] = set()
        self.columns: set[str] = set()
        self.reads_current = False

    def whole(self) -> Node:
        root = self._or()
        kind, text = self._peek()
        if kind == "unreadable":
            raise Unsupported(_unreadable(text))
        if kind != "end":
            raise Unsupported(f"'{text}' is not expected there; is an operator or a bracket missing?")
        return root

    def _or(self) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise Unsupported(f"it is nested more than {_DEEPEST} deep; split it over calculate rows")
        node = self._junction("or", lambda: self._junction("and", self._equality))
        self._depth -= 1
        return node

    def _junction(self, word: str, operand: Callable[[], Node]) -> Node:
        operands = [operand()]
        while self._take_operator((word,)):
            operands.append(operand())
        return operands[0] if len(operands) == 1 else Junction(word == "and", tuple(operands))

    def _equality(self) -> Node:
        return self._chain(("=", "!="), self._relation)

    def _relation(self) -> Node:
        return self._chain(("<", "<=", ">", ">="), self._sum)

    def _sum(self) -> Node:
        return self._chain(("+", "-"), self._product)

    def _product(self) -> Node:
        return self._chain(("*", "div", "mod"), self._signed)

    def _chain(self, operators: tuple[str, ...], operand: Callable[[], Node]) -> Node:
        first = operand()
        rest: list[tuple[str, Node]] = []
        while operator := self._take_operator(operators):
            rest.append((operator, operand()))
        return Chain(first, tuple(rest)) if rest else first

    def _signed(self) -> Node:
        minuses = 0
        while self._take_operator(("-",)):
            minuses += 1
        node = self._single()
        if not minuses:
            return node
        return Minus(node) if minuses % 2 else Minus(Minus(node))

    def _single(self) -> Node:
        kind, text = self._next()
        match kind:
            case "text":
                if "${" in text:
                    raise Unsupported(f"take ${{...}} out of the quotes in {text}")
                return Literal(text[1:-1])
            case "number":
                return Literal(float(text))
            case "reference":
                self.references.add(text[2:-1])
                return Reference(text[2:-1])
            case "dot":
                self.reads_current = True
                return Current()
            case "name" if self._peek() == ("sign", "("):
                return self._call(text)
            case "name" if ":" not in text:
                self.columns.add(text)
                return Column(text)
            case "unreadable":
                raise Unsupported(_unreadable(text))
            case _ if text == "(":
                node = self._or()
                self._expect(")")
                return node
            case _:
                raise Unsupported(f"'{text}' is not expected there" if text else "it ends too early")

    def _call(self, name: str) -> Node:
        if name not in ARITY:
            raise Unsupported(f"{name}() is not supported; the functions that are: {', '.join(ARITY)}")
        self._expect("(")
        arguments: list[Node] = []
        if self._peek() != ("sign", ")"):
            arguments.append(self._or())
            while self._take_operator((",",)):
                arguments.append(self._question() if name == "jr:choice-name" else self._or())
        self._expect(")")
        count, example = ARITY[name]
        if len(arguments) != count:
            raise Unsupported(f"{name}() has {len(arguments)} parts in its brackets, not {count}; write {example}")
        return Call(name, tuple(arguments))

    def _question(self) -> Node:
        """Read the second part of jr:choice-name(): XLSForm writes the reference in quotes there."""
        _, text = self._next()
        quoted = re.fullmatch(r"['\"]?\s*\$\{([A-Za-z_][\w.\-]*)\}\s*['\"]?", text, re.ASCII)
        if quoted is None:
            raise Unsupported(f"write {ARITY['jr:choice-name'][1]}")
        self.references.add(quoted[1])
        return Reference(quoted[1])

    def _peek(self) -> _Token:
        return self._tokens[self._at] if self._at < len(self._tokens) else _END

    def _next(self) -> _Token:
        token = self._peek()
        self._at += 1
        return token

    def _take_operator(self, operators: tuple[str, ...]) -> str:
        kind, text = self._peek()
        if kind not in ("sign", "name") or text not in operators:
            return ""
        self._at += 1
        return text

    def _expect(self, sign: str) -> None:
        kind, text = self._next()
        if kind == "unreadable":
            raise Unsupported(_unreadable(text))
        if (kind, text) != ("sign", sign):
            raise Unsupported(f"a bracket '{sign}' is missing" + (f" before '{text}'" if text else ""))
