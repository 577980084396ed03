"""The pure core: what a registration needs next, and what its status says, as values computed from values."""
