"""The page on which a campaign is changed, by whoever made it or an admin. Its word and its survey stay."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from bot.outreach.amending import amend
from bot.outreach.campaigns import CampaignRefused
from bot.web.accounts import Visit
from bot.web.campaign_form import CampaignForm, Problem, placed
from bot.web.campaign_reading import PAGE, CampaignWork, Survey, may_change
from bot.web.campaign_sight import written
from bot.web.cookie_secrets import form_token
from bot.web.pages import channel_name
from bot.web.security import TurnedAway
from storage.campaigns import CampaignRow


@dataclass(frozen=True)
class CampaignChange(CampaignWork):
    """The handlers of that page."""

    def add_to(self, router: APIRouter) -> None:
        """Put the handlers at their address."""
        for method, handler in (("GET", self.ask), ("POST", self.change)):
            path = f"{PAGE}/{{campaign}}/change"
            router.add_route(path, self.pages.guard(handler), methods=[method], include_in_schema=False)

    async def ask(self, request: Request) -> Response:
        """Show the campaign as it is, to be changed."""
        visit = await self.visits.of(request)
        if visit is None:
            return RedirectResponse("/staff", 303)
        row, survey = await self._campaign(request, visit)
        return self._page(visit, row, survey, CampaignForm.of(row))

    async def change(self, request: Request) -> Response:
        """Change it. Refused, the form comes back as it was typed."""
        visit, form = await self.visits.signed_in_form(request)
        row, survey = await self._campaign(request, visit)
        here = self.reading.channels()
        typed = CampaignForm.read(form, survey.definition.languages, here)
        if problems := typed.problems():
            return self._page(visit, row, survey, typed, problems)
        wanted = typed.wanted(row.survey)
        # A channel that is off here for now is no box on the form, and stays.
        wanted = replace(wanted, channels=(*wanted.channels, *(each for each in row.channels if each not in here)))
        try:
            await amend(self.database, row.id, wanted, visit.member.name, self.clock())
        except CampaignRefused as refused:
            return self._page(visit, row, survey, typed, placed(refused.problems))
        await self.changed()
        return RedirectResponse(f"{PAGE}/{quote(row.id, safe='')}?done=changed", 303)

    async def _campaign(self, request: Request, visit: Visit) -> tuple[CampaignRow, Survey]:
        """Find the campaign, if the visitor may change it. Raises TurnedAway."""
        row = await self.reading.campaign(visit, request.path_params["campaign"])
        if not may_change(visit, row):
            raise TurnedAway(403, "This campaign is somebody else’s", "An admin, or whoever made it, can change it.")
        survey = await self.reading.survey(row.survey)
        assert survey is not None, "a campaign's survey stays published"
        return row, survey

    def _page(
        self, visit: Visit, row: CampaignRow, survey: Survey, form: CampaignForm, problems: Sequence[Problem] = ()
    ) -> Response:
        return self.pages.show(
            "campaign_change.html",
            422 if problems else 200,
            visit=visit,
            token=form_token(visit.secret),
            here=f"{PAGE}/{quote(row.id, safe='')}",
            campaign=row,
            form=form,
            problems=problems,
            wrong={each.field: {"text": each.text} for each in reversed(problems) if each.field},
            channels=[(each, channel_name(each)) for each in self.reading.channels()],
            languages=[(each.code, written(each), each.code in survey.drafts) for each in survey.definition.languages],
        )
