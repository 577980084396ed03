"""The admin port: looks into the simulator and changes it behind everybody's back. Loopback only: it tells secrets."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from runai_registrar.simulator.admin_clusters import change, create, view
from runai_registrar.simulator.admin_models import Advance, ClusterChange, ClusterCreate, CredentialCreate
from runai_registrar.simulator.answers import RefusedError, error_answer, parse_json
from runai_registrar.simulator.cluster import Cluster
from runai_registrar.simulator.faults import Rule
from runai_registrar.simulator.settings import Settings, explain
from runai_registrar.simulator.simulator import Simulator
from runai_registrar.simulator.state import NameTakenError
from runai_registrar.simulator.tokens import Credential

_BODY_LIMIT = 256 * 1024 * 1024
_Model = TypeVar("_Model", bound=BaseModel)
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def admin_app(simulator: Simulator) -> web.Application:
    """Return the admin application of a simulator."""
    app = web.Application(client_max_size=_BODY_LIMIT, middlewares=[_explain])
    admin = _Admin(simulator)
    app.add_routes(
        [
            web.get("/healthz", admin.healthz),
            web.get("/settings", admin.settings),
            web.patch("/settings", admin.change_settings),
            web.get("/clock", admin.clock),
            web.post("/clock", admin.advance),
            web.get("/faults", admin.faults),
            web.post("/faults", admin.add_fault),
            web.delete("/faults", admin.clear_faults),
            web.delete("/faults/{id}", admin.remove_fault),
            web.get("/journal", admin.journal),
            web.delete("/journal", admin.clear_journal),
            web.get("/journal/counts", admin.counts),
            web.get("/clusters", admin.clusters),
            web.post("/clusters", admin.create_cluster),
            web.patch("/clusters/{uuid}", admin.change_cluster),
            web.delete("/clusters/{uuid}", admin.delete_cluster),
            web.get("/credentials", admin.credentials),
            web.post("/credentials", admin.add_credential),
            web.delete("/credentials/{id}", admin.revoke_credential),
            web.delete("/tokens", admin.revoke_tokens),
            web.post("/reset", admin.reset),
        ]
    )
    return app


@web.middleware
async def _explain(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Turn every refusal into JSON with a sentence."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        answer = error_answer(error.status, f"{request.method} {request.path}: {error.reason}")
    except RefusedError as refused:
        answer = refused.answer
    return web.Response(status=answer.status, body=answer.body, content_type="application/json")


class _Admin:
    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    async def healthz(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def settings(self, _request: web.Request) -> web.Response:
        return web.json_response(self._simulator.settings.model_dump(by_alias=True))

    async def change_settings(self, request: web.Request) -> web.Response:
        changes = await _object(request)
        self._simulator.now()
        before = self._simulator.settings.model_dump(by_alias=True)
        self._simulator.settings = _validated(Settings, {**before, **changes})
        return await self.settings(request)

    async def clock(self, _request: web.Request) -> web.Response:
        return web.json_response({"now": self._simulator.now(), "shown": self._simulator.shown_now()})

    async def advance(self, request: web.Request) -> web.Response:
        self._simulator.clock.advance(_validated(Advance, await _object(request)).advance)
        return await self.clock(request)

    async def faults(self, _request: web.Request) -> web.Response:
        return web.json_response(self._simulator.faults.to_json())

    async def add_fault(self, request: web.Request) -> web.Response:
        rule = self._simulator.faults.add(_validated(Rule, await _object(request)))
        return web.json_response(rule.model_dump(by_alias=True, mode="json"), status=201)

    async def clear_faults(self, _request: web.Request) -> web.Response:
        self._simulator.faults.clear()
        return web.Response(status=204)

    async def remove_fault(self, request: web.Request) -> web.Response:
        if not self._simulator.faults.remove(request.match_info["id"]):
            raise RefusedError(404, f"there is no fault {request.match_info['id']}")
        return web.Response(status=204)

    async def journal(self, request: web.Request) -> web.Response:
        self._simulator.now()
        since = request.query.get("since", "0")
        if not since.isdecimal():
            raise RefusedError(400, "since must be the number of a journal entry")
        return web.json_response([entry.to_json() for entry in self._simulator.journal.since(int(since))])

    async def clear_journal(self, _request: web.Request) -> web.Response:
        self._simulator.journal.clear()
        return web.Response(status=204)

    async def counts(self, _request: web.Request) -> web.Response:
        self._simulator.now()
        return web.json_response(self._simulator.journal.counts())

    async def clusters(self, _request: web.Request) -> web.Response:
        now = self._simulator.now()
        return web.json_response([view(self._simulator, now, one) for one in self._simulator.world.everything(now)])

    async def create_cluster(self, request: web.Request) -> web.Response:
        wanted = _validated(ClusterCreate, await _object(request))
        cluster = _unless_taken(lambda: create(self._simulator, wanted))
        return web.json_response(view(self._simulator, self._simulator.now(), cluster), status=201)

    async def change_cluster(self, request: web.Request) -> web.Response:
        wanted = _validated(ClusterChange, await _object(request))
        cluster = self._cluster(request)
        _unless_taken(lambda: change(self._simulator, cluster, wanted))
        return web.json_response(view(self._simulator, self._simulator.now(), cluster))

    async def delete_cluster(self, request: web.Request) -> web.Response:
        self._simulator.world.remove(self._simulator.now(), self._cluster(request))
        return web.Response(status=204)

    async def credentials(self, _request: web.Request) -> web.Response:
        return web.json_response([_credential_json(one) for one in self._simulator.tokens.credentials()])

    async def add_credential(self, request: web.Request) -> web.Response:
        wanted = _validated(CredentialCreate, await _object(request))
        credential = wanted.credential(default_tenant=self._simulator.credential.tenant)
        self._simulator.tokens.add(credential)
        return web.json_response(_credential_json(credential), status=201)

    async def revoke_credential(self, request: web.Request) -> web.Response:
        if not self._simulator.tokens.revoke(request.match_info["id"]):
            raise RefusedError(404, f"there is no credential {request.match_info['id']}")
        return web.Response(status=204)

    async def revoke_tokens(self, _request: web.Request) -> web.Response:
        return web.json_response({"revoked": self._simulator.tokens.revoke_tokens()})

    async def reset(self, _request: web.Request) -> web.Response:
        self._simulator.reset()
        return web.Response(status=204)

    def _cluster(self, request: web.Request) -> Cluster:
        uuid = request.match_info["uuid"]
        cluster = self._simulator.world.by_uuid(self._simulator.now(), uuid)
        if cluster is None:
            raise RefusedError(404, f"there is no cluster {uuid}")
        return cluster


async def _object(request: web.Request) -> dict[str, Any]:
    body = parse_json(await request.read())
    if not isinstance(body, dict):
        raise RefusedError(400, "the body must be a JSON object")
    return body


def _validated(model: type[_Model], body: dict[str, Any]) -> _Model:
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise RefusedError(400, explain(error)) from error


def _unless_taken(act: Callable[[], Any]) -> Any:
    try:
        return act()
    except NameTakenError as error:
        raise RefusedError(409, f"the name {error} is taken, and names are unique") from error


def _credential_json(credential: Credential) -> dict[str, Any]:
    return {
        "clientId": credential.client_id,
        "clientSecret": credential.client_secret,
        "tenantId": credential.tenant,
    }
