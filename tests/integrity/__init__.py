"""The integrity suite: tasks, attacks on their verdicts, and what judges them from outside."""
