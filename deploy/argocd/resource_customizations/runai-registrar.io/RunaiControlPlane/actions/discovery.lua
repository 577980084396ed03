local suspended = obj.spec ~= nil and obj.spec.suspend == true

return {
  suspend = {displayName = "Suspend", iconClass = "fa fa-fw fa-pause", disabled = suspended},
  resume = {displayName = "Resume", iconClass = "fa fa-fw fa-play", disabled = not suspended},
}
