"""Laying a map over a file's headings: which column is what. Whatever is left over on either side is a problem.

Jadu writes a question's newest wording over a whole column, so a heading may change between two exports: a heading
that is not found is told with the nearest one that there is.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from rapidfuzz import fuzz, process

from bot.analysis.columns import Published
from bot.analysis.importing.import_map import ImportMap, QuestionMap
from bot.analysis.importing.labels import Labels
from bot.analysis.importing.layout import NAMELESS, tidy
from bot.analysis.importing.problems import ImportRefused, Problems, named, quoted
from bot.core.patterns import linear_pattern
from bot.core.questionnaire import WITHOUT_ADDRESS
from bot.core.survey import Question, QuestionType, Role, SurveyDefinition

WEB = WITHOUT_ADDRESS[0]
"""The source of an imported response."""
NAMELESS_COLUMNS = "some columns have no heading: does the file have two header rows? Then set `header_rows = 2`"
_NEAR = 70


@dataclass(frozen=True, slots=True)
class Place:
    """Where the answers to one question stand: its columns, each with its code where it is one option of several.

    `other` is the column of the words behind "something else".
    """

    question: Question
    map: QuestionMap
    columns: tuple[int, ...]
    headings: tuple[str, ...]
    codes: tuple[str, ...] = ()
    other: int | None = None
    labels: Labels | None = None


@dataclass(frozen=True, slots=True)
class Binding:
    """A map laid over one file. `submitted` or `started` is None where there is no such column.

    `left_out` are columns of which nothing comes in.
    """

    map: ImportMap
    definition: SurveyDefinition
    headings: tuple[str, ...]
    id: int
    submitted: int | None
    started: int | None
    language: int | None
    languages: Mapping[str, str]
    places: tuple[Place, ...]
    absent: tuple[str, ...]
    left_out: frozenset[int]


@dataclass(slots=True)
class Headings:
    """The headings of one file, which of them are spoken for, and which of those are left out by name."""

    names: tuple[str, ...]
    taken: dict[int, str] = field(default_factory=dict)
    ignored: set[int] = field(default_factory=set)

    def find(self, heading: str, use: str, problems: Problems) -> int | None:
        """Find a column by its heading."""
        heading = tidy(heading)
        if heading not in self.names:
            near = process.extractOne(heading, self.names, scorer=fuzz.ratio, score_cutoff=_NEAR)
            told = f"; the nearest is {named(near[0])}" if near else ""
            problems.add(f"the file has no column {named(heading)} for {use}{told}")
            return None
        return self._take(self.names.index(heading), use, problems)

    def first(self, headings: Sequence[str] | str, use: str, problems: Problems) -> int | None:
        """Find the first of several headings that is there; one alone, or one of a map's own, must be."""
        if isinstance(headings, str):
            return self.find(headings, use, problems) if headings else None
        there = [tidy(each) for each in headings if tidy(each) in self.names]
        return self.find(there[0], use, problems) if there else None

    def ignore(self, headings: Sequence[str], use: str, problems: Problems) -> None:
        """Find columns that are left out by name."""
        for heading in headings:
            place = self.find(heading, use, problems)
            self.ignored |= {place} if place is not None else set()

    def match(self, pattern: str, use: str, but: Collection[int | None], problems: Problems) -> list[tuple[int, str]]:
        """Find the columns whose heading a pattern matches, each with what its group `label` found.

        What is ignored is passed over, and `but`: for what a pattern is not to match, RE2 has no words.
        """
        try:
            wanted = linear_pattern(pattern)
        except ValueError as wrong:
            problems.add(f"the pattern {named(pattern)} for {use} is none: {wrong}")
            return []
        found = [
            (place, match)
            for place, name in enumerate(self.names)
            if place not in self.ignored and place not in but and (match := wanted.search(name.encode()))
        ]
        if not found:
            problems.add(f"the file has no column that fits the pattern {named(pattern)} for {use}")
        return [
            (place, (match.groupdict().get(b"label") or b"").decode())
            for place, match in found
            if self._take(place, use, problems) is not None
        ]

    def left_out(self, passed_over: Sequence[str]) -> frozenset[int]:
        """Give the columns that are ignored, or passed over and not spoken for."""
        known = {tidy(each) for each in passed_over}
        passed = (place for place, name in enumerate(self.names) if place not in self.taken and name in known)
        return frozenset((*self.ignored, *passed))

    def left_over(self, passed_over: Sequence[str]) -> list[str]:
        """Name the columns that nothing speaks for."""
        known = {tidy(each) for each in passed_over}
        return [name for place, name in enumerate(self.names) if place not in self.taken and name not in known]

    def _take(self, place: int, use: str, problems: Problems) -> int | None:
        if place in self.taken:
            problems.add(f"column {named(self.names[place])} is named for {self.taken[place]} and for {use}")
            return None
        self.taken[place] = use
        return place


def version_of(published: Published, read: ImportMap) -> SurveyDefinition:
    """Return the version that the map names, or the newest. Raises ImportRefused."""
    if read.survey and read.survey != published.survey:
        raise ImportRefused(f"The map is for survey '{read.survey}', not for '{published.survey}'.")
    found = [each for each in published.definitions if read.version in ("", each.version)]
    if not found:
        there = ", ".join(each.version for each in published.definitions)
        raise ImportRefused(f"Survey '{published.survey}' has no version {read.version!r}; it has {there}.")
    return found[0]


def web_questions(definition: SurveyDefinition) -> list[Question]:
    """Return the questions that a web form may hold answers to: not those that are asked by text alone."""
    return [
        each
        for each in definition.questions
        if each.is_asked and each.role is not Role.CONTACT and (not each.channels or WEB in each.channels)
    ]


def bind(
    read: ImportMap, published: Published, headings: tuple[str, ...], side: Mapping[str, Headings], problems: Problems
) -> Binding | None:
    """Lay a map over headings, and over those of the side files. None, with problems, where no row can be read."""
    definition = version_of(published, read)
    there = Headings(headings)
    id_place = there.first(read.id, "the id", problems)
    if id_place is None and not (isinstance(read.id, str) and read.id):
        problems.add("the map names no `id` column that the file has: each row needs an id that stays the same")
    submitted = there.first(read.submitted_at, "`submitted_at`", problems)
    started = there.first(read.started_at, "`started_at`", problems)
    if submitted is None and started is None:
        problems.add("the map names no `submitted_at` column that the file has")
    language = there.find(read.language.column, "the language", problems) if read.language.column else None
    there.ignore(read.ignore, "`ignore`", problems)
    places = _Places(read, published, definition, there, side, problems).find()
    _check_questions(read, definition, problems)
    left_over = there.left_over(read.passed_over)
    if read.header_rows == 1 and any(name.startswith(NAMELESS) for name in left_over):
        problems.add(NAMELESS_COLUMNS)
    for name in left_over:
        problems.add(f"the map does not know column {named(name)}: give it to a question, or name it under `ignore`")
    if id_place is None or (submitted is None and started is None):
        return None
    languages = _languages(definition, read, problems)
    absent = tuple(read.absent)
    return Binding(
        *(read, definition, headings, id_place, submitted, started, language, languages, places, absent),
        left_out=there.left_out(read.passed_over),
    )


def _check_questions(read: ImportMap, definition: SurveyDefinition, problems: Problems) -> None:
    """Every question of the survey is mapped or named as absent: a forgotten one would look like nobody's answer."""
    for question in web_questions(definition):
        if question.name not in read.questions and question.name not in read.absent:
            problems.add(
                f"the map has nothing for question {question.name}: give it a column, or name it under `absent`"
            )
    names = {each.name for each in definition.questions}
    for name in read.absent:
        if name not in names:
            problems.add(f"`absent` names {name}, which version {definition.version} of the survey does not have")


class _Places:
    """Finds where each question of a map stands."""

    def __init__(
        self,
        read: ImportMap,
        published: Published,
        definition: SurveyDefinition,
        main: Headings,
        side: Mapping[str, Headings],
        problems: Problems,
    ) -> None:
        self._map = read
        self._published = published
        self._definition = definition
        self._questions = {each.name: each for each in web_questions(definition)}
        self._main = main
        self._side = side
        self._problems = problems

    def find(self) -> tuple[Place, ...]:
        """Find them all; what cannot be found is a problem."""
        found = [self._place(name, where) for name, where in self._map.questions.items()]
        return tuple(place for place in found if place is not None)

    def _place(self, name: str, where: QuestionMap) -> Place | None:
        question = self._questions.get(name)
        there = self._side.get(where.file) if where.file else self._main
        if question is None:
            version = self._definition.version
            self._problems.add(f"questions.{name}: version {version} of the survey does not ask it on the web")
            return None
        if there is None:
            self._problems.add(f"questions.{name}: there is no file {named(where.file)} beside, or it is passed over")
            return None
        if not question.is_closed and (where.labels or where.other or where.otherwise or where.columns):
            self._problems.add(
                f"questions.{name}: labels, other words and several columns are for questions with choices alone"
            )
            return None
        labels = self._labels(question, where) if question.is_closed else None
        other = there.find(where.other, f"the other words of {name}", self._problems) if where.other else None
        found = self._columns(question, where, labels, there, other)
        if not found:
            return None
        if labels is not None and question.type is QuestionType.SELECT_MULTIPLE and not where.columns:
            self._check_separator(name, labels, where.separator or self._map.separator)
        columns, codes = zip(*found, strict=True)
        headings = tuple(there.names[column] for column in columns)
        is_spread = bool(where.columns or (where.pattern and codes[0]))
        return Place(question, where, columns, headings, codes if is_spread else (), other, labels)

    def _columns(
        self, question: Question, where: QuestionMap, labels: Labels | None, there: Headings, other: int | None
    ) -> list[tuple[int, str]]:
        """Find a question's columns; where each is one option, with its code."""
        name = question.name
        if where.column:
            column = there.find(where.column, name, self._problems)
            return [] if column is None else [(column, "")]
        if where.columns:
            spread = [(there.find(heading, name, self._problems), code) for heading, code in where.columns.items()]
            options = [(column, code) for column, code in spread if column is not None]
        else:
            options = there.match(where.pattern, name, {other}, self._problems)
        if (where.columns or len(options) > 1) and question.type is not QuestionType.SELECT_MULTIPLE:
            self._problems.add(f"questions.{name} has several columns, but the question takes one answer")
            return []
        if labels is None or (len(options) == 1 and not options[0][1]):
            return options
        return self._options(name, options, labels, there)

    def _options(
        self, name: str, options: Sequence[tuple[int, str]], labels: Labels, there: Headings
    ) -> list[tuple[int, str]]:
        found = []
        for column, label in options:
            code = labels.code(label)
            if code is not None:
                found.append((column, code))
            elif label:
                self._problems.add(f"column {named(there.names[column])}: {quoted(label)} is no choice of {name}")
            else:
                self._problems.add(
                    f"the pattern for {name} fits several columns: it needs a group (?P<label>...) for the option"
                )
        return found

    def _check_separator(self, name: str, labels: Labels, separator: str) -> None:
        for label in labels.divided(separator):
            self._problems.add(
                f"questions.{name}: {named(label)} could be two labels with the separator between them: set another "
                "`separator`, or have the form export a column for each option"
            )

    def _labels(self, question: Question, where: QuestionMap) -> Labels:
        codes = {choice.name for choice in question.choices}
        used = {*where.labels.values(), where.otherwise, where.other_code if where.other else ""}
        for code in sorted(used - codes - {""}):
            self._problems.add(f"questions.{question.name}: {named(code)} is no code of it")
        older = [
            choice
            for each in self._published.definitions
            for form in each.questions
            if form.name == question.name
            for choice in form.choices
        ]
        given = {label: code for label, code in where.labels.items() if code in codes}
        labels = Labels(given, question.choices, older, self._definition.default_language)
        for label, several in labels.contradicted.items():
            self._problems.add(
                f"questions.{question.name}.labels: {named(label)} could be {' or '.join(several)}: give it one code"
            )
        return labels


def _languages(definition: SurveyDefinition, read: ImportMap, problems: Problems) -> dict[str, str]:
    """Say which language each written value means: what the map says, codes, and the names in the survey file."""
    offered = {language.code for language in definition.languages} | {definition.default_language}
    for code in sorted({*read.language.codes.values(), read.language.all} - offered - {""}):
        problems.add(f"the map's language {named(code)} is none of the survey's")
    known = {language.name.casefold(): language.code for language in definition.languages}
    known |= {language.code.casefold(): language.code for language in definition.languages}
    return known | {tidy(text).casefold(): code for text, code in read.language.codes.items()}
