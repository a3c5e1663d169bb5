"""The interactive screen: a prompt at the bottom, finished blocks above it, in the terminal's own scrollback."""
