"""Codes that a condition compares an answer with and that the question's list does not have: a slip nobody would see.

Such a condition is in order for ODK too. It is only never true, and the row below it never asked.
"""

from collections.abc import Iterator, Mapping

from bot.core.expression_parser import Call, Chain, Column, Current, Junction, Literal, Minus, Node, Reference, parse
from bot.core.survey import Question, QuestionType

_MOST_NAMED = 20


def unknown_codes(
    expression: str, own: Question | None, known: Mapping[str, Question]
) -> Iterator[tuple[Question, str]]:
    """Find what an expression compares a question with choices with, and is none of its codes.

    `own` is the question of the expression's row, `known` every question by name. Comparisons are `=`, `!=`,
    `selected()` and `jr:choice-name()`, with the code written out. Raises `Unsupported`.
    """
    for node in _nodes(parse(expression).root):
        for asked, written, is_whole in _compared(node):
            question = _question(asked, own, known)
            if question is not None and question.choices and isinstance(written, Literal):
                yield from ((question, code) for code in _unknown(written.value, question, is_whole))


def say_unknown(question: Question, code: str) -> str:
    """Tell the author which codes there are."""
    codes = [choice.name for choice in question.choices]
    more = f" and {len(codes) - _MOST_NAMED} more" if len(codes) > _MOST_NAMED else ""
    return f"${{{question.name}}} has no choice '{code}'; its codes are {', '.join(codes[:_MOST_NAMED])}{more}"


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    match node:
        case Junction(_, operands) | Call(_, operands):
            parts = operands
        case Chain(first, rest):
            parts = (first, *(operand for _, operand in rest))
        case Minus(operand):
            parts = (operand,)
        case Literal() | Reference() | Current() | Column():
            parts = ()
    for part in parts:
        yield from _nodes(part)


def _compared(node: Node) -> tuple[tuple[Node, Node, bool], ...]:
    """Return (answer, code, whether it is compared with the whole answer), each way round that it may be meant."""
    match node:
        case Chain(left, ((("=" | "!="), right),)):
            return (left, right, True), (right, left, True)
        case Call("selected", (answer, code)) | Call("jr:choice-name", (code, answer)):
            return ((answer, code, False),)
        case _:
            return ()


def _question(node: Node, own: Question | None, known: Mapping[str, Question]) -> Question | None:
    match node:
        case Reference(name):
            return known.get(name)
        case Current() | Column("name"):  # in a choice_filter, `name` is the code of the choice that is looked at
            return own
        case _:
            return None


def _unknown(value: str | float, question: Question, is_whole: bool) -> list[str]:
    codes = [choice.name for choice in question.choices]
    if isinstance(value, float):
        return [] if value in map(_number, codes) else [str(int(value)) if value.is_integer() else str(value)]
    if not is_whole:
        written = [value.strip()]
    elif question.type is QuestionType.SELECT_MULTIPLE:
        written = value.split()  # several chosen codes are one text, with spaces between
    else:
        written = [value]
    return [code for code in written if code and code not in codes]


def _number(code: str) -> float | None:
    try:
        return float(code)
    except ValueError:
        return None
