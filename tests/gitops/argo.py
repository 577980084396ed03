"""What Argo CD does with a resource: its health, its actions, and the order in which it asks.

The scripts run as they do there: with the libraries that Argo CD leaves them and nothing else (`util/lua/lua.go`), and
what they return is cleaned as it cleans it. LuaJIT stands in for gopher-lua; both speak Lua 5.1.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lupa import luajit21  # type: ignore[import-untyped]  # it has no types

from crds.schemas import ROOT
from kube import Object

SCRIPTS = ROOT / "deploy" / "argocd" / "resource_customizations"
KINDS = ("RunaiClusterRegistration", "RunaiControlPlane")
STRICT, LENIENT = "local strict = true", "local strict = false"

_BARE = """
function(script)
  local allowed = {}
  for _, name in ipairs({"assert", "error", "getfenv", "getmetatable", "ipairs", "loadstring", "next", "pairs", "pcall",
      "rawequal", "rawget", "rawset", "select", "setfenv", "setmetatable", "tonumber", "tostring", "type", "unpack",
      "xpcall", "table"}) do
    allowed[name] = _G[name]
  end
  local safe_os = {time = os.time, date = os.date}
  allowed.require = function(name)
    return name == "os" and safe_os or error("module " .. name .. " not found")
  end
  allowed._G = allowed
  getmetatable("").__index = nil
  return setfenv(assert(loadstring(script)), allowed), allowed
end
"""
"""Base and table are there, os by `require` and without what could do harm; string, math, io and the rest are not."""


def folder(kind: str) -> Path:
    """Where the scripts of a kind are."""
    return SCRIPTS / "runai-registrar.io" / kind


def health_script(kind: str, *, lenient: bool = False) -> str:
    """Return the health check of a kind; the lenient one differs in one line."""
    script = (folder(kind) / "health.lua").read_text()
    if not lenient or kind != "RunaiClusterRegistration":
        return script
    assert script.count(STRICT) == 1
    return script.replace(STRICT, LENIENT)


def health(seen: Object, *, lenient: bool = False) -> Mapping[str, str]:
    """Return status and message of the health that Argo CD shows (`gitops-engine/pkg/health/health.go`)."""
    if seen["metadata"].get("deletionTimestamp"):
        return {"status": "Progressing", "message": "Pending deletion"}
    shown = run(health_script(seen["kind"], lenient=lenient), seen)
    assert shown["status"] in {"Healthy", "Progressing", "Degraded", "Suspended"}
    return {"message": "", **shown}


def actions(seen: Object) -> dict[str, Object]:
    """Return the actions that are offered for an object as Argo CD knows them (`ResourceAction`), by name."""
    offered = run((folder(seen["kind"]) / "actions" / "discovery.lua").read_text(), seen)
    return {name: {"name": name, "disabled": False, **action} for name, action in offered.items()}


def enabled(seen: Object) -> dict[str, bool]:
    """Return whether each action that is offered can be chosen."""
    return {name: not action["disabled"] for name, action in actions(seen).items()}


def act(seen: Object, action: str) -> Object:
    """Return an object as an action makes it."""
    script = folder(seen["kind"]) / "actions" / action / "action.lua"
    made: Object = _cleaned(run(script.read_text(), seen), seen)
    return made


def merge_patch(before: Any, after: Any) -> Any:
    """Return what Argo CD sends for the outcome of an action (RFC 7386)."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return after
    changed = {key: merge_patch(before.get(key), value) for key, value in after.items() if value != before.get(key)}
    return changed | {key: None for key in before if key not in after}


def run(script: str, seen: Object) -> Any:
    """Return what a script returns for an object, as JSON."""
    lua = luajit21.LuaRuntime(unpack_returned_tuples=True, register_eval=False)
    function, environment = lua.eval(_BARE)(script)
    environment["obj"] = lua.table_from(seen, recursive=True)
    return _json(function())


def _json(value: Any) -> Any:
    """A value of Lua as luajson encodes it: an empty table is an empty list."""
    if luajit21.lua_type(value) != "table":
        return value
    if len(value) or not list(value):
        return [_json(item) for item in value.values()]
    return {key: _json(item) for key, item in value.items()}


def _cleaned(made: Any, seen: Any) -> Any:
    """Empty maps were taken for empty lists: they become maps again where they were maps (`cleanReturnedObj`)."""
    if made == [] and isinstance(seen, dict):
        return {}
    if isinstance(made, dict) and isinstance(seen, dict):
        return {key: _cleaned(value, seen.get(key)) for key, value in made.items()}
    if isinstance(made, list) and isinstance(seen, list):
        return [_cleaned(*pair) for pair in zip(made, seen, strict=True)]
    return made
