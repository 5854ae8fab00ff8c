"""Fill an empty installation with the values of the law. Later editions come by `load_rule_parameters`, never by editing this."""

import json
from pathlib import Path

from django.db import migrations

FIXTURE = Path(__file__).resolve().parents[3] / "fixtures" / "rule_parameters.json"


def load(apps, schema_editor):
    model = apps.get_model("settlement", "RuleParameter")
    model.objects.bulk_create(model(**row) for row in json.loads(FIXTURE.read_text(encoding="utf-8")))


class Migration(migrations.Migration):
    dependencies = [("settlement", "0001_initial")]

    operations = [migrations.RunPython(load, migrations.RunPython.noop)]
