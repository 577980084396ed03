"""The engine: a cache fed by watches, a queue of what to look at, one poller per control plane, and reconcile."""
