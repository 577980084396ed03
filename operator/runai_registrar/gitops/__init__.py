"""Registrations as files: written for clusters that exist, read back, compared; and the Helm command. Pure."""
