-- Health of a RunaiClusterRegistration. The status is in kstatus format: observedGeneration, Ready, and Reconciling and
-- Stalled, which are there only while they are True, and never both. A deletion needs no branch: Argo CD shows it as
-- Progressing without asking. Ready does not wait for the cluster to connect, so that a later sync wave can install it.

-- true: a registered cluster that has lost its connection, or says what it lacks, is Degraded.
-- false: it stays Healthy and the message says so. (Degraded fails a sync, also the one that would repair the cluster.)
local strict = true

local status = obj.status or {}
local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end
local ready = conditions.Ready

local function health(name, message)
  return {status = name, message = message}
end

local function is_true(kind)
  return conditions[kind] ~= nil and conditions[kind].status == "True"
end

-- A sentence that names the entries of a map whose field is false, five at most.
local function lacking(sentence, entries, field)
  local names = {}
  for name, entry in pairs(entries or {}) do
    if entry[field] == false then
      table.insert(names, name)
    end
  end
  if #names == 0 then
    return ""
  end
  table.sort(names)
  local more = names[6] ~= nil and " and more" or ""
  return sentence .. table.concat(names, ", ", 1, names[6] ~= nil and 5 or #names) .. more .. "."
end

-- What a registered cluster that is not connected says of itself; nil where nothing is wrong with it.
local function unwell()
  local connected = conditions.Connected
  if connected == nil or connected.status ~= "False" then
    return nil
  elseif connected.reason == "Disconnected" then
    return connected.message
  elseif connected.reason == "MissingPrerequisites" then
    local required = status.dependencies and status.dependencies.required
    return connected.message .. lacking(" Not available: ", required, "available")
  elseif connected.reason == "ServiceIssues" then
    return connected.message .. lacking(" Not ready: ", status.operands, "ready")
  end
  return nil
end

if ready == nil or status.observedGeneration ~= obj.metadata.generation then
  return health("Progressing", "Waiting for the operator to look at it.")
end
if (obj.spec ~= nil and obj.spec.suspend == true) or ready.reason == "Suspended" then
  return health("Suspended", ready.message)
end
if is_true("Reconciling") then
  return health("Progressing", conditions.Reconciling.message)
end
if is_true("Stalled") then
  return health("Degraded", conditions.Stalled.message)
end
if ready.status ~= "True" then
  return health("Progressing", ready.message)
end

local message = ready.message
if is_true("Drifted") then
  message = message .. " " .. conditions.Drifted.message
end
local complaint = unwell()
if complaint ~= nil then
  return health(strict and "Degraded" or "Healthy", complaint .. " " .. message)
end
local connected = conditions.Connected
if connected ~= nil and connected.status ~= "True" and ready.reason ~= "Observing" then
  message = message .. " " .. (status.firstConnectedAt == nil and "It has not connected yet." or connected.message)
end
return health("Healthy", message)
