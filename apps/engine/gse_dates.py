"""When GSE publishes and pays: the dates that the operative rules print (RO p.35, 37, 39, 40).

All are the last day on which something is due, local dates of Rome. GSE may change its timing; what it really did is imported,
and these are only what to expect.
"""

from datetime import date

from apps.engine.working_days import last_day, last_working_day

MEASURES_FINAL_AFTER_MONTHS = 61


def advance_due_on(year: int, month: int) -> date:
    """Return when the advance of a month is published at the latest: the 25th of the next month (RO p.35, 40)."""
    return date(year + month // 12, month % 12 + 1, 25)


def true_up_due_on(year: int) -> date:
    """Return when the true-up of a year is published at the latest: 15 May of the next year (RO p.37)."""
    return date(year + 1, 5, 15)


def late_true_up_due_on(year: int, month: int) -> date:
    """Return when a month is trued up whose measures were validated in `month`, after 15 May: the 25th of the next (RO p.37)."""
    return advance_due_on(year, month)


def recalculations_due_on(year: int) -> tuple[date, date]:
    """Return when the recalculations for corrected measures are done: by the end of June and of December (RO p.37)."""
    return date(year, 6, 30), date(year, 12, 31)


def measures_final_on(year: int, month: int) -> date:
    """Return the last day on which GSE takes in other measures of a month: the end of the 61st month after it (RO p.37)."""
    return last_day(year, month + MEASURES_FINAL_AFTER_MONTHS)


def payment_due_on(published_on: date) -> date:
    """Return when a published amount is paid: the last working day of the next month, in Rome (RO p.39)."""
    following = last_day(published_on.year, published_on.month + 1)
    return last_working_day(following.year, following.month)
