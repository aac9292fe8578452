"""Running tasks: the embedded engine, what a task's run does around the flow, progress, the data folder's lock."""
