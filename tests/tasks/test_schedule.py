"""The timetable and the tasks belong together."""

import importlib
import inspect

from celery import current_app
from django.conf import settings

from tasks.schedule import TIMETABLE

for module in settings.CELERY_IMPORTS:
    importlib.import_module(module)
ROOMS = tuple(module.rpartition(".")[2] + "." for module in settings.CELERY_IMPORTS)
OURS = {name: task for name, task in current_app.tasks.items() if name.startswith(ROOMS)}


def takes_nothing(task: object) -> bool:
    parameters = inspect.signature(task.run).parameters.values()  # type: ignore[attr-defined]
    return all(parameter.default is not parameter.empty for parameter in parameters)


def test_every_job_names_a_task_that_exists() -> None:
    assert {job.task for job in TIMETABLE} <= set(OURS)
    assert len({job.name for job in TIMETABLE}) == len(TIMETABLE)


def test_what_nobody_has_to_ask_for_is_in_the_timetable() -> None:
    """A task without arguments looks at what should exist; left out of the timetable, nobody would ever start it."""
    assert {name for name, task in OURS.items() if takes_nothing(task)} == {job.task for job in TIMETABLE}
