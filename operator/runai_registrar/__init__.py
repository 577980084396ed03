"""Registers Kubernetes clusters with the NVIDIA Run:ai control plane, and never twice."""

__version__ = "0.1.0"
