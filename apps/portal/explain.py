"""Where an amount of a member comes from, down to the quarter of an hour. A member sees their own; of the others only sums."""

import logging
from collections.abc import Callable
from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from apps.engine.calendar import hours_in_day, month_days
from apps.engine.inputs import Contribution
from apps.explaining.amounts import explain_amount
from apps.explaining.hours import explain_day, explain_days
from apps.explaining.quarters import explain_hour
from apps.explaining.rules import RULES
from apps.explaining.snapshots import SnapshotUnreadable
from apps.explaining.subject import Subject
from apps.portal.access import Visitor, get_visitor
from apps.portal.months import approved_results

log = logging.getLogger(__name__)
RETRY_AFTER_SECONDS = 3600
HOUR_RULES = ("shared", "consumers", "cascade", "premium", "missing")

Explain = Callable[..., HttpResponseBase]


def of_own_result(view: Explain) -> Explain:
    """A page about one result of one of the visitor's members; everybody else's is not found."""

    def guarded(request: HttpRequest, result_id: int, **named: Any) -> HttpResponseBase:
        visitor = get_visitor(request)
        subject = get_subject(visitor, result_id)
        try:
            return view(request, visitor, subject, **named)
        except SnapshotUnreadable as error:
            log.error("Run %s cannot be explained: %s", subject.run.pk, error)
            response = render(request, "503.html", status=503)
            response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
            return response

    return guarded


def get_subject(visitor: Visitor, result_id: int) -> Subject:
    """The result behind an address, if it is the visitor's and approved. One query."""
    result = approved_results(visitor.member_ids).defer(None).filter(pk=result_id).first()
    if result is None or not result.run.snapshot_path:
        raise Http404
    result.member = visitor.get_member(result.member_id)
    base = reverse("portal:month", args=[result.pk])
    return Subject(run=result.run, result=result, base=base, sees_all=False)


@of_own_result
def amount(request: HttpRequest, visitor: Visitor, subject: Subject, contribution: str) -> HttpResponse:
    """From the configuration's amount to the member's cents."""
    try:
        kind = Contribution(contribution)
    except ValueError:
        raise Http404 from None
    return _page(request, visitor, subject, "amount", amount=explain_amount(subject, kind))


@of_own_result
def days(request: HttpRequest, visitor: Visitor, subject: Subject) -> HttpResponse:
    """The member's month by days."""
    return _page(request, visitor, subject, "days", month=explain_days(subject))


@of_own_result
def day(request: HttpRequest, visitor: Visitor, subject: Subject, day: int) -> HttpResponse:
    """One day by hours."""
    found = explain_day(subject, day_of(subject, day))
    return _page(request, visitor, subject, "day", day=found, rules=[RULES[name] for name in HOUR_RULES])


@of_own_result
def hour(request: HttpRequest, visitor: Visitor, subject: Subject, day: int, hour: int) -> HttpResponse:
    """One hour by quarters. Pages of devices are no member's."""
    chosen = day_of(subject, day)
    if hour >= hours_in_day(chosen):
        raise Http404
    found = explain_hour(subject, chosen, hour, as_of=timezone.now(), link_devices=lambda _devices, _day: {})
    return _page(request, visitor, subject, "hour", hour=found, rules=[RULES[name] for name in HOUR_RULES])


def day_of(subject: Subject, day: int) -> date:
    """A day of the month by its number; others are not found."""
    days_of_month = month_days(subject.month.year, subject.month.month)
    if not 1 <= day <= len(days_of_month):
        raise Http404
    return days_of_month[day - 1]


def _page(request: HttpRequest, visitor: Visitor, subject: Subject, name: str, **context: Any) -> HttpResponse:
    shown = {"visitor": visitor, "member": subject.member, "subject": subject, "card": "card-calm", **context}
    return render(request, f"portal/explain_{name}.html", shown)
