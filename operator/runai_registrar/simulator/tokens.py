"""Client credentials and the bearer tokens issued for them. Pure: time is an argument."""

import hmac
import secrets
from dataclasses import dataclass, field

_PRUNE_EVERY = 1024


@dataclass(frozen=True, slots=True)
class Credential:
    """A service account of a tenant."""

    client_id: str
    client_secret: str = field(repr=False)
    tenant: int


@dataclass(frozen=True, slots=True)
class Token:
    """An issued token: for whom and until when, in seconds since the epoch."""

    client_id: str
    tenant: int
    expires: float


class Tokens:
    """The credentials that are valid and the tokens that were issued for them."""

    def __init__(self) -> None:
        self._credentials: dict[str, Credential] = {}
        self._tokens: dict[str, Token] = {}

    def credentials(self) -> tuple[Credential, ...]:
        """Return every valid credential."""
        return tuple(self._credentials.values())

    def add(self, credential: Credential) -> None:
        """Make a credential valid; one of the same client id is replaced, which is how a secret is rotated."""
        self._credentials[credential.client_id] = credential

    def revoke(self, client_id: str) -> bool:
        """Make a credential and its tokens worthless; return False when there is none of that id."""
        self.revoke_tokens(client_id)
        return self._credentials.pop(client_id, None) is not None

    def revoke_tokens(self, client_id: str | None = None) -> int:
        """Make the tokens of one client id, or all of them, worthless; return how many there were."""
        kept = {text: token for text, token in self._tokens.items() if client_id not in (None, token.client_id)}
        revoked = len(self._tokens) - len(kept)
        self._tokens = kept
        return revoked

    def issue(self, now: float, client_id: str, client_secret: str, lifetime: float) -> tuple[str, Token] | None:
        """Return a new token, or None when the credentials are wrong."""
        credential = self._credentials.get(client_id)
        expected = credential.client_secret if credential else ""
        matches = hmac.compare_digest(expected.encode(errors="replace"), client_secret.encode(errors="replace"))
        if credential is None or not matches:
            return None
        if len(self._tokens) % _PRUNE_EVERY == _PRUNE_EVERY - 1:
            self._tokens = {text: token for text, token in self._tokens.items() if token.expires > now}
        text, token = secrets.token_urlsafe(32), Token(client_id, credential.tenant, now + lifetime)
        self._tokens[text] = token
        return text, token

    def look_up(self, authorization: str) -> Token | None:
        """Return the token of an Authorization header, expired or not; None when it is absent or unknown."""
        scheme, _, text = authorization.partition(" ")
        return self._tokens.get(text.strip()) if scheme.lower() == "bearer" else None
