"""A round with hamlets of its own: what a campaign starts from."""

import gc
import importlib
import random

from django.conf import settings
from django.db import connections

from reports import statement_pdf
from tests.faults.money.campaign import Campaign
from tests.faults.money.hamlets import make_hamlet, make_measures, make_people, make_prices
from tests.faults.money.shots import Gun
from tests.faults.money.units import SEASONS
from tests.faults.money.world import MoneyWorld


def prepare(world: MoneyWorld, *, hamlets: int, seed: int) -> Campaign:
    """Make people, prices and so many hamlets with their measures; then import what children need and leave the database."""
    chance = random.Random(seed)
    people = make_people()
    make_prices([season.month for season in SEASONS], chance)
    made = [make_hamlet(number, chance) for number in range(1, hamlets + 1)]
    for hamlet in made:
        for season in SEASONS:
            make_measures(hamlet, season.month, seed)
    gun = Gun(world.directory / "shots", world.directory / "truth.jsonl", world.servers.guard)
    _be_ready_to_fork()
    return Campaign(world, gun, made, people, seed)


def _be_ready_to_fork() -> None:
    """Import what every child would, once; nothing that is open is shared with them."""
    for module in settings.CELERY_IMPORTS:
        importlib.import_module(module)
    statement_pdf.warm_up()
    connections.close_all()
    gc.collect()
    gc.freeze()
