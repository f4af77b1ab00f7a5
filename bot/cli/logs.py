"""Logs: one JSON object a line on standard error. They name ids and kinds of trouble, never words or addresses."""

import logging
import sys

import structlog


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
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
