"""Writes the shipped JSON Schemas again."""

from aiops_reports.schemas import FOLDER, SHIPPED, render

for name in SHIPPED:
    (FOLDER / name).write_text(render(name), encoding="utf-8")
