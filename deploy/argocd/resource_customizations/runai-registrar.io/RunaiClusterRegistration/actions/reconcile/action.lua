-- Any new value makes the operator look at once; status.lastHandledReconcileAt repeats it when that is done.
local os = require("os")
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["runai-registrar.io/reconcile-requested-at"] = os.date("!%Y-%m-%dT%XZ")
return obj
