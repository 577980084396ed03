-- Health of a RunaiControlPlane. The status is in kstatus format: observedGeneration, Ready, and Reconciling and Stalled,
-- which are there only while they are True, and never both. A deletion needs no branch: Argo CD shows it as Progressing
-- without asking.

local status = obj.status or {}
local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end
local ready = conditions.Ready

local function health(name, message)
  return {status = name, message = message}
end

if ready == nil or status.observedGeneration ~= obj.metadata.generation then
  return health("Progressing", "Waiting for the operator to look at it.")
end
if obj.spec ~= nil and obj.spec.suspend == true then
  return health("Suspended", ready.message)
end
for _, kind in ipairs({"Reconciling", "Stalled"}) do
  if conditions[kind] ~= nil and conditions[kind].status == "True" then
    return health(kind == "Stalled" and "Degraded" or "Progressing", conditions[kind].message)
  end
end
return health(ready.status == "True" and "Healthy" or "Progressing", ready.message)
