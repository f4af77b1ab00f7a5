"""The languages of the published surveys: which of them are still drafts, and what makes them reviewed."""

from bot.service.doctor.finding import Finding, ok, warning
from bot.service.reviewing import sentences_now, standing
from storage.script import Database


async def examine_languages(database: Database) -> list[Finding]:
    """Say of each language whether somebody who speaks it has read every sentence."""
    every, kept = await sentences_now(database)
    stands = [standing(language, sentences, kept) for language, sentences in sorted(every.items())]
    drafts = [one for one in stands if not one.is_read]
    found = [ok(f"Language {one.language} is reviewed.") for one in stands if one.is_read]
    if drafts:
        named = ", ".join(f"{one.language} ({one.read} of {one.sentences} sentences read)" for one in drafts)
        remedy = (
            "Residents are not offered them. To have one read: review export LANG, then review accept FILE --by NAME"
        )
        found.append(warning(f"Still drafts: {named}. {remedy}"))
    return found
