"""What every test may use."""

pytest_plugins = ["reliability", "kube", "stage", "faults.arena", "faults.ring"]
