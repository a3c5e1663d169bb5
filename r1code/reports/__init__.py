"""What a run came to, for programs and people beside it: one value, the card, in many forms (docs/reports.md)."""
