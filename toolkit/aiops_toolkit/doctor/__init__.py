"""What this machine can and cannot measure, and how well: each finding is measured or read here and now."""
