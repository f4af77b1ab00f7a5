"""One look over a survey: reads its responses, applies each rule, and keeps what was found in one transaction.

The same answers give the same marks, however often it looks. It drops nothing and changes no answer.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.analysis import quality
from bot.analysis.columns import Published, read_published
from bot.analysis.merging.bursts import find_bursts
from bot.analysis.merging.letters import Letter, can_compare, find_letters
from bot.analysis.merging.sequences import Caller, find_sequences, neighbours
from bot.core.survey import QuestionType, Role
from storage import annotations as store
from storage.annotations import Beginning, Noticed, Sealed
from storage.errors import UnknownKey
from storage.keys import KeyRing
from storage.script import Database


class TooManyToLookOver(Exception):
    """The survey has more responses than the caller can hold meanwhile."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look found: for each mark how many responses have it, and in how many groups (0 for marks on their own).

    `compared` says whether nearly equal letters were looked for, `numbers_read` whether phone numbers were.
    """

    responses: int
    marked: Mapping[str, int]
    groups: Mapping[str, int]
    compared: bool
    numbers_read: bool


async def look_over(
    database: Database,
    keys: KeyRing | None,
    survey: str,
    *,
    include_test: bool,
    who: str,
    now: int,
    most: int | None = None,
) -> Looked:
    """Look over a survey, and keep the marks (`now`: epoch milliseconds UTC). Raises UnknownSurvey.

    Every open answer is in memory meanwhile: with more than `most` responses it raises TooManyToLookOver. Without
    `keys` no phone number is read: what was found of them before stays. `who` stands in the audit log.
    """
    published = await database.read(lambda: read_published(survey))
    began = await database.read(lambda: store.beginnings(survey, include_test))
    if most is not None and len(began) > most:
        raise TooManyToLookOver
    first = await database.read(lambda: store.first_campaign(survey))
    letters = await asyncio.to_thread(lambda: list(_letters(database, published, began)))
    compared = can_compare()
    noticed = await asyncio.to_thread(lambda: [*_similar(letters, compared=compared), *_bursts(began)])
    noticed += _without_campaign(began, first)
    noticed += await _in_sequence(database, keys, survey, began)
    looked = _sum_up(len(began), noticed, compared=compared, numbers_read=keys is not None)
    summary = ", ".join(f"{number} {mark}" for mark, number in looked.marked.items())
    await database.run(lambda: store.keep(survey, noticed, summary, who, now))
    return looked


def _letters(database: Database, published: Published, began: Sequence[Beginning]) -> Iterator[Letter]:
    """Read the newest words of every open answer."""
    open_ones = [
        each.question.name
        for each in published.variables
        if each.question.type is QuestionType.TEXT and each.question.role is not Role.DEMOGRAPHIC
    ]
    persons = {each.id: each.person for each in began}
    sql = """SELECT a.response_id, a.question, a.said FROM answer a JOIN response r ON r.id = a.response_id
 WHERE r.survey = :survey AND a.question IN (SELECT :questions*text) AND a.said IS NOT NULL
 AND NOT EXISTS (SELECT 1 FROM answer n WHERE n.response_id = a.response_id AND n.question = a.question
 AND n.revision > a.revision)"""
    with database.stream(sql, {"survey": published.survey, "questions": open_ones}) as slices:
        for rows in slices:
            for response, question, said in rows:
                if response in persons:
                    yield Letter(response, persons[response], question, said)


def _similar(letters: Iterable[Letter], *, compared: bool) -> Iterator[Noticed]:
    for sent in find_letters(letters, compare=compared):
        for letter in sent.letters:
            yield Noticed(letter.response, quality.SIMILAR_TEXT, sent.group, letter.question)


def _bursts(began: Sequence[Beginning]) -> Iterator[Noticed]:
    return _grouped(quality.BURST, find_bursts(began))


def _without_campaign(began: Iterable[Beginning], first: int | None) -> Iterator[Noticed]:
    """Mark who texted in without any campaign's word once there were campaigns; a page needs no such word."""
    for each in began:
        if first is not None and each.contact and not each.campaign and each.started_at >= first:
            yield Noticed(each.id, quality.NO_CAMPAIGN)


async def _in_sequence(
    database: Database, keys: KeyRing | None, survey: str, began: Sequence[Beginning]
) -> list[Noticed]:
    if keys is None:
        return [each for each in await database.read(lambda: store.kept(survey)) if each.kind == quality.SEQUENTIAL]
    sealed = await database.read(lambda: store.addresses(survey))
    try:
        callers = await asyncio.to_thread(_near_each_other, keys, sealed, began)
    except UnknownKey:  # another process has made new keys
        await keys.reload(database)
        callers = await asyncio.to_thread(_near_each_other, keys, sealed, began)
    chosen = await database.read(lambda: store.choices(survey, [each.id for each, _ in callers]))
    return list(_sequences(callers, chosen))


def _near_each_other(
    keys: KeyRing, sealed: Iterable[Sealed], began: Iterable[Beginning]
) -> list[tuple[Beginning, str]]:
    """Give the responses whose number has neighbours, with their address in the clear: it goes no further than here."""
    addresses = {each.contact: keys.decrypt(each.blob, each.contact, each.key_id) for each in sealed}
    texted = [each for each in began if each.contact in addresses]
    near = neighbours({each.id: (each.channel, addresses[each.contact]) for each in texted})
    return [(each, addresses[each.contact]) for each in texted if each.id in near]


def _sequences(callers: Iterable[tuple[Beginning, str]], chosen: Mapping[str, tuple[str, ...]]) -> Iterator[Noticed]:
    known = [
        Caller(each.id, each.channel, address, each.started_at, chosen.get(each.id, ())) for each, address in callers
    ]
    return _grouped(quality.SEQUENTIAL, find_sequences(known))


def _grouped(mark: str, groups: Iterable[Sequence[str]]) -> Iterator[Noticed]:
    return (Noticed(response, mark, min(group)) for group in groups for response in group)


def _sum_up(responses: int, noticed: Sequence[Noticed], *, compared: bool, numbers_read: bool) -> Looked:
    marked = Counter(mark for _, mark in {(each.response, each.kind) for each in noticed})
    groups = Counter(mark for mark, group in {(each.kind, each.group) for each in noticed} if group)
    return Looked(
        responses,
        {mark: marked[mark] for mark in quality.NOTICED},
        {mark: groups[mark] for mark in quality.NOTICED},
        compared,
        numbers_read,
    )
