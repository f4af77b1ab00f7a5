"""The languages of the published surveys: which of them are still drafts, and what makes them reviewed."""

from collections.abc import Sequence

from bot.service.doctor.finding import Finding, ok, warning
from bot.service.reviewing import Standing, sentences_now, standing
from bot.service.word_files import load_words
from storage.script import Database

_REMEDY = "To have one read: review export LANG, then review accept FILE --by NAME"


async def examine_languages(database: Database, drafts_allowed: frozenset[str]) -> list[Finding]:
    """Say of each language whether somebody who speaks it has read every sentence.

    `drafts_allowed` are the drafts that residents are offered all the same (`ALLOW_DRAFT_LANGUAGES`).
    """
    every, kept = await sentences_now(database)
    stands = [standing(language, sentences, kept) for language, sentences in sorted(every.items())]
    drafts = [one for one in stands if not one.is_read]
    held = [one for one in drafts if one.language not in drafts_allowed]
    offered = [one for one in drafts if one.language in drafts_allowed]
    found = [ok(f"Language {one.language} is reviewed.") for one in stands if one.is_read]
    if held:
        said = "Residents are not offered those that the survey names in draft_languages"
        found.append(warning(f"Still drafts: {_named(held)}. {said}. {_REMEDY}"))
    if offered:
        found.append(warning(f"Offered as drafts (ALLOW_DRAFT_LANGUAGES): {_named(offered)}. {_REMEDY}"))
    if strange := sorted(drafts_allowed - every.keys()):
        known = ", ".join(sorted(every))
        found.append(
            warning(f"ALLOW_DRAFT_LANGUAGES names {', '.join(strange)}, which nothing is in. Codes in use: {known}")
        )
    unsigned = [table.language for table in load_words() if table.reviewed_by.strip().casefold() == "draft"]
    if unsigned:
        where = "bot/words/LANG.toml: have a speaker correct it, and put their name at reviewed_by"
        found.append(warning(f"How replies are read is a draft in {', '.join(unsigned)}. {where}."))
    return found


def _named(languages: Sequence[Standing]) -> str:
    return ", ".join(f"{one.language} ({one.read} of {one.sentences} sentences read)" for one in languages)
