"""What a data protection officer asks for: erase one person, show what is kept of one, let old things go, new keys."""

from bot.service.privacy.access import subject_access
from bot.service.privacy.erasing import Erased, erase
from bot.service.privacy.keeping import RetentionLine, RetentionPolicy, RetentionReport, retention
from bot.service.privacy.new_keys import make_new_keys

__all__ = [
    "Erased",
    "RetentionLine",
    "RetentionPolicy",
    "RetentionReport",
    "erase",
    "make_new_keys",
    "retention",
    "subject_access",
]
