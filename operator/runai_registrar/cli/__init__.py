"""The commands: thin layers over the rooms below."""
