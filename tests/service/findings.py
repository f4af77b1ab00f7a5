"""Reading what `doctor` found."""

from bot.service.doctor import Finding
from bot.service.doctor.finding import Level


def levels(found: list[Finding]) -> set[Level]:
    """Name the levels that there are."""
    return {finding.level for finding in found}


def said(found: list[Finding], level: Level) -> str:
    """Join what was said at one level."""
    return "\n".join(finding.text for finding in found if finding.level is level)
