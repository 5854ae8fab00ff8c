"""What the documents of a run say about the community and the configuration: read once per run, shared by all of them.

The shapes are those of the press (`reports.documents`), as plain values that survive JSON: texts, whole numbers, ISO dates.
"""

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from django.db.models import Sum

from apps.communities.models import Community
from apps.engine.results import MemberResult as MonthOfMember
from apps.settlement.archive import locate, store_file
from apps.settlement.history import list_approved_runs, list_corrections, list_runs_of_month
from apps.settlement.models import LedgerEntry, MemberResult, PlantResult, PointResult, SettlementRun
from apps.settlement.posted import get_posted_members


@dataclass(frozen=True)
class RunFacts:
    """One settled run with everything that its documents quote, loaded in a fixed number of queries."""

    run: SettlementRun

    @cached_property
    def community(self) -> Community:
        return self.run.configuration.community

    @cached_property
    def members(self) -> list[MemberResult]:
        """Rows by code: the energies of the month as this run knew it, the cents that this run posted."""
        rows = sorted(self.run.member_results.select_related("member"), key=lambda row: row.member.code)
        if self.run.corrects_id:
            for row in rows:
                whole = self.month_of_members[row.member.code]
                row.injected_wh, row.withdrawn_wh = whole.injected_wh, whole.withdrawn_wh
                row.shared_wh, row.incentivised_wh = whole.shared_wh, whole.incentivised_wh
        return rows

    @cached_property
    def month_of_members(self) -> dict[str, MonthOfMember]:
        """Per member code: energies and cents of all runs of the month up to this one."""
        return get_posted_members(list_runs_of_month(self.run))

    @cached_property
    def points(self) -> dict[int, list[PointResult]]:
        return _grouped(self.run.point_results.order_by("pod", "valid_from"))

    @cached_property
    def entries(self) -> list[LedgerEntry]:
        return list(self.run.entries.order_by("position"))

    @cached_property
    def entries_of(self) -> dict[int | None, list[LedgerEntry]]:
        """Entries by member; those to accounts under None."""
        groups: dict[int | None, list[LedgerEntry]] = defaultdict(list)
        for entry in self.entries:
            groups[entry.member_id].append(entry)
        return groups

    @cached_property
    def plants(self) -> list[PlantResult]:
        return list(self.run.plant_results.select_related("plant").order_by("position"))

    @cached_property
    def contributions(self) -> dict[str, int]:
        return {row.contribution: row.amount_cents for row in self.run.contributions.all()}

    @property
    def given(self) -> dict[str, str]:
        """Contribution -> who found its amount, where that was not the settlement itself."""
        return {row["contribution"]: row["source"] for row in self.run.facts.get("given", [])}

    @cached_property
    def year_rows(self) -> dict[int, list[dict[str, int]]]:
        """Per member: what each approved month of the year brought with its corrections, this run standing for its own month."""
        earlier = list_approved_runs(
            configuration_id=self.run.configuration_id, from_month=date(self.run.month.year, 1, 1), before=self.run.month
        )
        runs = [*(run.pk for run in (*earlier, *list_corrections(earlier))), *list_runs_of_month(self.run)]
        rows: dict[int, list[dict[str, int]]] = defaultdict(list)
        results = MemberResult.objects.filter(run__in=runs).order_by("run__month").values_list("member_id", "run__month")
        sums = results.annotate(Sum("premium_cents"), Sum("valorisation_cents"), Sum("excess_cents"))
        for member_id, month, premium, valorisation, excess in sums:
            rows[member_id].append(
                {
                    "year": month.year,
                    "month": month.month,
                    "premium_cents": int(premium),
                    "valorisation_cents": int(valorisation),
                    "excess_cents": int(excess),
                }
            )
        return rows

    @cached_property
    def issuer(self) -> dict[str, Any]:
        community = self.community
        return {
            "name": community.name,
            "tax_code": community.tax_code,
            "address": community.address,
            "legal_form": community.legal_form,
            "iban_masked": masked(community.iban),
            "logo_sha256": keep_logo(bytes(community.logo)),
        }

    @property
    def configuration(self) -> dict[str, Any]:
        configuration = self.run.configuration
        return {
            "code": configuration.code,
            "kind": configuration.kind,
            "primary_substation": configuration.primary_substation,
        }

    @cached_property
    def holders(self) -> dict[str, str]:
        """POD key -> code of the member who held it last in the month."""
        codes = {row.member_id: row.member.code for row in self.members}
        return {row.pod[:14]: codes[row.member_id] for rows in self.points.values() for row in rows}

    @property
    def missing(self) -> list[dict[str, Any]]:
        return [{"pod": pod, "hours": hours} for pod, hours in self.run.missing]


def get_run_facts(*, run_id: int) -> RunFacts:
    return RunFacts(run=SettlementRun.objects.select_related("configuration__community", "approved_by").get(pk=run_id))


def masked(iban: str) -> str:
    """An IBAN of which only country, check digits and the last four characters are shown."""
    return f"{iban[:4]} … {iban[-4:]}" if iban else ""


def _grouped(rows: Any) -> dict[int, list[PointResult]]:
    groups: dict[int, list[PointResult]] = defaultdict(list)
    for row in rows:
        groups[row.member_id].append(row)
    return groups


def keep_logo(logo: bytes) -> str:
    """The logo as it was on the day of the document, kept by its hash so that the same bytes can be rendered again."""
    if not logo:
        return ""
    sha256 = hashlib.sha256(logo).hexdigest()
    if not locate(logo_path(sha256)).exists():
        store_file(logo_path(sha256), logo)
    return sha256


def logo_path(sha256: str) -> str:
    return f"logos/{sha256}"
