"""The Run:ai control plane: its models, its protocol, and the one client that talks to it."""
