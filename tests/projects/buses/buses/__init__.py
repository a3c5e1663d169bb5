"""The timetable of a small town's buses."""
