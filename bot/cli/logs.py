"""Logs: one JSON object a line on standard error. They name ids and kinds of trouble, never words or addresses."""

import logging
import re
import sys
from pathlib import Path

import structlog

_PLAIN_WORDS = re.compile(r"[A-Za-z ,'-]*")


class _OfLibraries(logging.Handler):
    """Writes what a library logs in the form of our own: where, and its fixed words. Values may be a resident's."""

    def emit(self, record: logging.LogRecord) -> None:
        said = _PLAIN_WORDS.match(str(record.msg))  # without `args`; and a library may have put values in itself
        error = record.exc_info[0] if record.exc_info else None
        structlog.get_logger().log(
            min(record.levelno // 10 * 10, logging.CRITICAL),
            "library_log",
            library=record.name,
            said=said[0].strip() if said else "",
            place=f"{Path(record.pathname).name}:{record.lineno}",
            **({"error": error.__name__} if error else {}),
        )


def configure(*, readable: bool = False) -> None:
    """Set logging up. `readable` writes for a person at a terminal instead of a machine."""
    last: structlog.types.Processor = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()) if readable else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    # Libraries speak up only about trouble; their chatter can hold a request's address (twilio's client does).
    logging.basicConfig(level=logging.WARNING, handlers=[_OfLibraries()])
