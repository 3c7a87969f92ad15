"""First floor: the record of a commit, its storage, charts and pages. Knows the planner's values, nobody above it."""
