"""What every test may use."""

pytest_plugins = ["kube", "reliability", "stage", "faults.arena", "faults.ring"]
