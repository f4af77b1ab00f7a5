"""A survey's version is published: its words are free, and where only a last day is new, that is part of the version.

The look at the other surveys and campaigns and the publication are one transaction: of two publishers, only one finds a
word free.
"""

from collections.abc import Sequence
from dataclasses import replace

from bot.core.reading.normalise import key
from bot.core.survey import SurveyDefinition
from storage import campaigns, surveys
from storage.campaigns import CampaignRow
from storage.script import Script
from storage.surveys import VersionRow


class PublicationRefused(Exception):
    """A version that cannot be published. The message says why, and what to do."""


def publish(definition: SurveyDefinition, now: int, *, is_dated: bool) -> Script[SurveyDefinition]:
    """Publish, and give what was published. `now` is epoch milliseconds UTC.

    With `is_dated` a version that differs from a published one in its last day alone is a new one, `1+2027-01-31`.
    Without, one that names no last day is the newest that has one and differs in nothing else, which it re-opens.
    Raises PublicationRefused; then nothing is changed.
    """
    yield surveys.ALONE
    _refuse_campaign_words(definition, (yield from campaigns.every()))
    published = definition
    there = yield from _keep(published, now)
    if there is not None and is_dated:
        kept = SurveyDefinition.from_json(there.definition)
        if replace(definition, closes=kept.closes).hash == kept.hash:
            published = replace(definition, version=f"{definition.version}+{definition.closes}")
            there = yield from _keep(published, now)
    elif there is not None and not definition.closes:
        published = yield from _newest_dated(definition)
        there = (yield from _keep(published, now)) if published.closes else there
    if there is not None:
        raise PublicationRefused(
            f"{published.id} version {published.version} is published already, with other content. A version never "
            "changes: give the settings sheet a new version."
        )
    return published


def _newest_dated(definition: SurveyDefinition) -> Script[SurveyDefinition]:
    """Find the version that was last published of this file with a last day; give the definition itself for none."""
    newest = definition
    for row in (yield from surveys.every_version()):
        if row.survey == definition.id:
            kept = SurveyDefinition.from_json(row.definition)
            if kept.closes and replace(kept, closes="", version=definition.version).hash == definition.hash:
                newest = kept
    return newest


def _keep(definition: SurveyDefinition, now: int) -> Script[VersionRow | None]:
    return (
        yield from surveys.publish(
            definition.id,
            definition.version,
            definition.hash,
            definition.to_json(),
            now,
            object_to=lambda others: _refuse_taken_keywords(definition, others),
        )
    )


def _refuse_taken_keywords(definition: SurveyDefinition, others: Sequence[VersionRow]) -> None:
    """Refuse where another survey that nobody has closed is started by one of these words."""
    words = set(map(key, definition.keywords))
    for row in others:
        other = SurveyDefinition.from_json(row.definition)
        shared = [keyword for keyword in other.keywords if key(keyword) in words]
        if shared:
            raise PublicationRefused(
                f"The keyword {shared[0].upper()} belongs to {other.id} already. Choose another, or close that one."
            )


def _refuse_campaign_words(definition: SurveyDefinition, invited: Sequence[CampaignRow]) -> None:
    """Refuse where a campaign, running or not, has one of these words: it stands on posters."""
    words = {key(row.keyword): row for row in invited}
    row = next((words[key(keyword)] for keyword in definition.keywords if key(keyword) in words), None)
    if row is not None:
        raise PublicationRefused(f"The keyword {row.keyword} belongs to the campaign {row.id} already. Choose another.")
