"""A poster knows what reviewers have read: a language is a draft until all of it is read, and corrections count."""

from functools import partial

from bot.core.phrases import Phrase
from bot.outreach.proofreading import proofs_of
from bot.service.reviewing import sentences_now
from storage import reviews, surveys
from storage.script import Database
from tests.outreach.printing import survey

NOW = 1_790_000_000_000


async def test_a_language_is_a_draft_until_somebody_has_read_all_of_it(database: Database) -> None:
    one = survey()
    await database.run(lambda: surveys.publish(one.id, one.version, one.hash, one.to_json(), NOW))
    assert (await proofs_of(database, one)).drafts == frozenset(one.draft_languages)
    every, _ = await sentences_now(database)
    marks = [sentence.mark for sentence in every["pl"] if sentence.text]
    await database.run(partial(reviews.accept, "pl", marks[1:], {}, "A. Speaker", NOW))
    assert "pl" in (await proofs_of(database, one)).drafts
    await database.run(partial(reviews.accept, "pl", marks[:1], {}, "A. Speaker", NOW))
    assert (await proofs_of(database, one)).drafts == frozenset(one.draft_languages) - {"pl"}


async def test_a_correction_is_what_is_printed(database: Database) -> None:
    corrected = {str(Phrase.MINIMUM_AGE): "Od {age} lat w górę."}
    await database.run(partial(reviews.accept, "pl", [], corrected, "A. Speaker", NOW))
    proofs = await proofs_of(database, survey())
    assert proofs.phrases.say(Phrase.MINIMUM_AGE, "pl", age=16) == "Od 16 lat w górę."
