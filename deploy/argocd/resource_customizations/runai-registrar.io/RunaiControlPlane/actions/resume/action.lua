-- false, not removed: a manifest with `suspend: false` and one without the field are both in step with it.
if obj.spec == nil then
  obj.spec = {}
end
obj.spec.suspend = false
return obj
