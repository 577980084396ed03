"""The demo: everything at work on this machine, as a story told step by step.

`story` is what is told (data), `acts` what is done in it, `expectations` what must come of it; `stage` starts and
stops the parts; `director` plays the story on the stage; `plain` and `live` are the two ways to show it (`view`). The
table is never what the demo remembers: `scene` pairs what the API server and the control plane say at that moment.
"""
