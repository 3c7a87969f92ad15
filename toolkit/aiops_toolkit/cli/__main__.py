"""`python -m aiops_toolkit.cli`, for when the `aiops` command is not on the path."""

from aiops_toolkit.cli.main import main

main()
