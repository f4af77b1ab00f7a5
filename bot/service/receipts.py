"""Delivery reports come in here: kept whatever happens, applied so that a status never goes backwards."""

import json
import re
from collections.abc import Mapping

import structlog

from bot.service.refusals import after_refusal
from channels.base import STATUS_RANK, Problem, Receipt, Status
from storage import receipts
from storage.outbox import State
from storage.receipts import ReceiptRow, Reported, Verdict
from storage.script import Database
from storage.turns import storable

log = structlog.get_logger()

# What a provider may call the two ends of a message. Values that look like an address are dropped under any name.
_ADDRESS_FIELDS = frozenset({"from", "to", "recipient", "sender", "waid", "profilename", "author"})
_LOOKS_LIKE_AN_ADDRESS = re.compile(r"\+\s?\d[\d\s-]{6,}|^(?:44|0)7\d{9}$|@")

_FAILURES = frozenset({Status.FAILED, Status.UNDELIVERED})
_ARRIVED = frozenset({Status.DELIVERED, Status.READ})
_NOT_KNOWN_TO_BE_TAKEN = frozenset({State.REPLIED, State.QUEUED, State.SENDING, State.UNKNOWN, State.SUPERSEDED})
_CAN_FAIL = frozenset({State.REPLIED, State.SENDING, State.UNKNOWN, State.ACCEPTED})


class Receipts:
    """Keeps delivery reports."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, receipt: Receipt) -> None:
        """Keep one report and apply it to its message, once. When this returns, it is on disk.

        A report whose message is not known yet waits, and is applied when the provider's id becomes known.
        """
        report = ReceiptRow(
            channel=receipt.channel,
            provider=receipt.provider,
            provider_id=storable(receipt.provider_id),
            outbox_id=storable(receipt.outbox_id),
            status=receipt.status,
            code=storable(receipt.code),
            fields=_kept(receipt),
            received_at=receipt.at,
        )
        outbox_id = await self._database.run(lambda: receipts.keep(report, decide))
        if receipt.problem is not None:
            log.warning(
                "message_not_delivered", outbox_id=outbox_id, provider_id=receipt.provider_id, code=receipt.code
            )


def decide(report: ReceiptRow, message: Reported) -> Verdict:
    """Say what a report does to its message.

    A report under an id that the message is not known by proves that the provider has taken it. One under the known id
    of an earlier try proves nothing about the next, unless it says that it arrived: then there is no next.
    """
    status = Status(report.status)
    names_it = message.provider_id in (None, "", report.provider_id)
    is_news = message.provider_id != report.provider_id and message.state in _NOT_KNOWN_TO_BE_TAKEN
    accepts = is_news or (status in _ARRIVED and message.state != State.ACCEPTED)
    if status not in _FAILURES or message.status_rank >= STATUS_RANK[Status.DELIVERED]:
        return Verdict(STATUS_RANK[status], accepts)
    problem = _problem(report)
    if problem is Problem.OPTED_OUT or (message.state in _CAN_FAIL and (is_news or names_it)):
        end = after_refusal(problem, report.code, message.problem, report.received_at)
        return Verdict(STATUS_RANK[status], accepts, end)
    return Verdict(STATUS_RANK[status], accepts)


def _kept(receipt: Receipt) -> str:
    """Write the report's other fields without addresses, and what our channel made of its code."""
    fields: Mapping[str, str] = {
        name: value
        for name, value in receipt.fields.items()
        if name.lower() not in _ADDRESS_FIELDS and not _LOOKS_LIKE_AN_ADDRESS.search(value)
    }
    problem = {} if receipt.problem is None else {"problem": receipt.problem.value}
    return json.dumps({**fields, **problem}, ensure_ascii=False, sort_keys=True)


def _problem(report: ReceiptRow) -> Problem:
    """Read back what the channel made of the code. Gone with the other fields if the resident was erased."""
    fields = json.loads(report.fields) if report.fields else {}
    return Problem(fields.get("problem", Problem.UNKNOWN))
