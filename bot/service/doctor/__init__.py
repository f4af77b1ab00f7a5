"""What an operator should know before residents do: each check one line, in plain words, with what to do."""

from bot.service.doctor.database import examine_database, examine_keys
from bot.service.doctor.finding import Finding, ok, problem, warning
from bot.service.doctor.forwarding import examine_forwarding
from bot.service.doctor.languages import examine_languages
from bot.service.doctor.ledger import examine_ledger
from bot.service.doctor.letters import examine_letters
from bot.service.doctor.providers import (
    advanced_opt_out,
    examine_notify,
    examine_signature,
    examine_telegram,
    examine_twilio,
)
from bot.service.doctor.safeguarding import examine_safeguarding
from bot.service.doctor.surveys import examine_surveys

__all__ = [
    "Finding",
    "advanced_opt_out",
    "examine_database",
    "examine_forwarding",
    "examine_keys",
    "examine_languages",
    "examine_ledger",
    "examine_letters",
    "examine_notify",
    "examine_safeguarding",
    "examine_signature",
    "examine_surveys",
    "examine_telegram",
    "examine_twilio",
    "ok",
    "problem",
    "warning",
]
