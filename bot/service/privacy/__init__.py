"""What a data protection officer asks for: remove one person, show one person what is kept, and let old things go."""

from bot.service.privacy.access import subject_access
from bot.service.privacy.erasing import Erased, erase
from bot.service.privacy.keeping import RetentionLine, RetentionPolicy, RetentionReport, retention

__all__ = [
    "Erased",
    "RetentionLine",
    "RetentionPolicy",
    "RetentionReport",
    "erase",
    "retention",
    "subject_access",
]
