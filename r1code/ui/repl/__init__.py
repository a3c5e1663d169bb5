"""The REPL: a line to type at, finished blocks above it, in the terminal's own scrollback."""
