"""The secrets that ride in cookies and links: made at random, and kept as their fingerprints."""

import base64
import hashlib
import hmac
import secrets


def new_secret() -> str:
    """Make a secret of 256 random bits for a cookie or a link."""
    return secrets.token_urlsafe(32)


def secret_for(secret: str, what: str) -> str:
    """Make another secret of one, the same for the same `what`: who knows neither cannot guess it."""
    made = hmac.digest(secret.encode(), what.encode(), "sha256")
    return base64.urlsafe_b64encode(made).decode().rstrip("=")


def fingerprint(secret: str) -> str:
    """Return the SHA-256 by which a random secret is kept and looked up."""
    return hashlib.sha256(secret.encode()).hexdigest()


def form_token(session_secret: str) -> str:
    """Return the token that a signed-in person's forms carry: only who holds the session can know it."""
    return hmac.new(session_secret.encode(), b"earshot form", hashlib.sha256).hexdigest()


def is_form_token(token: str, session_secret: str) -> bool:
    """Say whether a form carries its session's token."""
    return hmac.compare_digest(token.encode(), form_token(session_secret).encode())
