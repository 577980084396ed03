"""The two token endpoints, which are not part of the API file.

`POST /api/v2/token` is OAuth 2 client credentials, form-encoded (RFC 6749, section 4.4, errors as in section 5.2);
`POST /api/v1/token` is the older one in JSON.
"""

import secrets
from typing import Any
from urllib.parse import parse_qs

from runai_registrar.simulator.answers import JSON_TYPE, Answer, Call, RefusedError, json_answer, parse_json
from runai_registrar.simulator.settings import Settings
from runai_registrar.simulator.tokens import Tokens

FORM_TYPE = "application/x-www-form-urlencoded"
_NO_STORE = {"Cache-Control": "no-store"}


def token_v2(call: Call, tokens: Tokens, settings: Settings, now: float) -> Answer:
    """Answer `POST /api/v2/token`."""
    if not settings.v2_token:
        raise RefusedError(404, "no such path")
    if call.media_type() != FORM_TYPE:
        return _oauth_error(400, "invalid_request", f"the body must be {FORM_TYPE}")
    form = parse_qs(call.body.decode(errors="replace"), keep_blank_values=True)
    fields = [form.get(name, [""])[0] for name in ("grant_type", "client_id", "client_secret")]
    if not all(fields):
        return _oauth_error(400, "invalid_request", "grant_type, client_id and client_secret are required")
    grant_type, client_id, client_secret = fields
    if grant_type != "client_credentials":
        return _oauth_error(400, "unsupported_grant_type", "grant_type must be client_credentials")
    issued = tokens.issue(now, client_id, client_secret, settings.token_lifetime)
    if issued is None:
        return _oauth_error(settings.bad_credentials_v2, "invalid_client", "client authentication failed")
    text, token = issued
    answer = {"access_token": text, "token_type": "Bearer", **_expiry("expires_in", settings)}
    return json_answer(200, answer, committed=True, tenant=token.tenant, headers=_NO_STORE)


def token_v1(call: Call, tokens: Tokens, settings: Settings, now: float) -> Answer:
    """Answer `POST /api/v1/token`."""
    if not settings.v1_token:
        raise RefusedError(404, "no such path")
    if call.media_type() != JSON_TYPE:
        raise RefusedError(415, f"the body must be {JSON_TYPE}")
    client_id, client_secret = _v1_credentials(parse_json(call.body))
    issued = tokens.issue(now, client_id, client_secret, settings.token_lifetime)
    if issued is None:
        raise RefusedError(settings.bad_credentials_v1, "client authentication failed")
    text, token = issued
    unused = {"refreshToken": secrets.token_urlsafe(32), "idToken": secrets.token_urlsafe(32)}
    answer = {"accessToken": text, **_expiry("expiresIn", settings), **unused}
    return json_answer(200, answer, committed=True, tenant=token.tenant, headers=_NO_STORE)


def _v1_credentials(body: Any) -> tuple[str, str]:
    if not isinstance(body, dict):
        raise RefusedError(400, "the body must be a JSON object")
    if body.get("grantType") != "client_credentials":
        raise RefusedError(400, "grantType must be client_credentials")
    client_id, client_secret = body.get("clientID"), body.get("clientSecret")
    if not isinstance(client_id, str) or not isinstance(client_secret, str):
        raise RefusedError(400, "clientID and clientSecret are required, as strings")
    return client_id, client_secret


def _expiry(name: str, settings: Settings) -> dict[str, Any]:
    if settings.expires_in_shown == "omit":
        return {}
    shown = settings.expires_in_shown
    return {name: int(settings.token_lifetime) if shown is None else shown}


def _oauth_error(status: int, error: str, description: str) -> Answer:
    return json_answer(status, {"error": error, "error_description": description}, headers=_NO_STORE)
