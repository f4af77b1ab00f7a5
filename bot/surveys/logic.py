"""The logic of a survey as a whole: every expression is in the subset, reads what exists, and waits for nothing."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

from bot.core import expressions
from bot.core.expressions import Unsupported
from bot.core.survey import Question, QuestionType
from bot.surveys.codes import say_unknown, unknown_codes
from bot.surveys.problems import Findings
from bot.surveys.questions import Written


def check_logic(
    questions: Sequence[Question],
    written: Sequence[Written],
    refused: Set[str],
    choice_columns: frozenset[str],
    findings: Findings,
) -> None:
    """Refuse expressions outside the subset, names that do not exist, circles, and answers that come too late.

    `refused` names the rows that gave no question: what reads those is left alone, until they are mended. Warns of
    codes that do not exist.
    """
    known = {question.name: question for question in questions}
    for each in written:
        _check_one(each, known, refused, choice_columns, findings)
    if not findings.refusals:
        _check_with_groups(questions, findings)
    if findings.refusals:
        return
    for each in written:
        for asked, code in unknown_codes(each.expression, known.get(each.name), known):
            findings.warn("survey", each.row, each.column, say_unknown(asked, code))
    circles = _circles(known)
    for circle in circles:
        row = known[circle[0]].row
        findings.refuse("survey", row, "", f"these wait for each other, in a circle: {' -> '.join(circle)}")
    if not circles:
        _check_order(questions, known, findings)


def _check_one(
    written: Written,
    known: Mapping[str, Question],
    refused: Set[str],
    choice_columns: frozenset[str],
    findings: Findings,
) -> None:
    expression, row, column = written.expression, written.row, written.column
    columns = choice_columns if column == "choice_filter" else frozenset()
    try:
        expressions.check(expression, columns=columns, condition=column != "calculation")
    except Unsupported as problem:
        findings.refuse("survey", row, column, str(problem))
        return
    for name in sorted(expressions.references(expression) - refused):
        if name not in known:
            findings.refuse("survey", row, column, f"${{{name}}}: there is no question of that name")
        elif known[name].type is QuestionType.NOTE:
            findings.refuse("survey", row, column, f"${{{name}}} is a note, which has no answer")
    if column in ("relevant", "choice_filter") and expressions.reads_itself(expression):
        findings.refuse("survey", row, column, "'.' is this row's own answer, which is not there yet; name a question")


def _check_with_groups(questions: Sequence[Question], findings: Findings) -> None:
    """Refuse a condition that is too long or too deep only once those of its groups stand around it."""
    for question in questions:
        try:
            expressions.references(question.relevant or "''")
        except Unsupported as problem:
            findings.refuse("survey", question.row, "relevant", f"with the conditions of its groups, {problem}")


def _reads(question: Question) -> frozenset[str]:
    """Name what must be known before this row can be asked or worked out."""
    logic = (question.relevant, question.choice_filter, question.calculation)
    return frozenset().union(*(expressions.references(part) for part in logic if part))


def _circles(known: dict[str, Question]) -> list[list[str]]:
    """Find the circles of rows that wait for each other, each once, as `a -> b -> a`."""
    circles: list[list[str]] = []
    done: set[str] = set()
    for start in known:
        path: list[str] = []
        _walk(start, known, path, done, circles)
    return circles


def _walk(name: str, known: dict[str, Question], path: list[str], done: set[str], circles: list[list[str]]) -> None:
    stack: list[tuple[str, Iterator[str]]] = [(name, iter(sorted(_reads(known[name]))))] if name not in done else []
    path.extend(step for step, _ in stack)
    while stack:
        here, ahead = stack[-1]
        after = next(ahead, None)
        if after is None:
            stack.pop()
            path.pop()
            done.add(here)
        elif after in path:
            circles.append([*path[path.index(after) :], after])
        elif after not in done:
            stack.append((after, iter(sorted(_reads(known[after])))))
            path.append(after)


def _check_order(questions: Sequence[Question], known: dict[str, Question], findings: Findings) -> None:
    """Refuse conditions that read a later answer: a conversation asks in order, and would never ask such a row.

    A calculation may read what comes later, because it is worked out again after every answer.
    """
    place = {question.name: number for number, question in enumerate(questions)}
    for question in questions:
        if question.type is QuestionType.CALCULATE:
            continue
        for column in ("relevant", "choice_filter", "constraint"):
            expression = getattr(question, column)
            for name in sorted(_answers_behind(expressions.references(expression), known) if expression else ()):
                if place[name] > place[question.name]:
                    findings.refuse(
                        "survey",
                        question.row,
                        column,
                        f"it reads ${{{name}}}, which is asked later (row {known[name].row}); move one of the two rows",
                    )


def _answers_behind(names: Iterable[str], known: dict[str, Question]) -> frozenset[str]:
    """Follow calculations back to the questions that a resident answers."""
    found: set[str] = set()
    waiting = list(names)
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        if known[name].type is QuestionType.CALCULATE:
            waiting.extend(_reads(known[name]))
        else:
            found.add(name)
    return frozenset(found)
