"""Numbers of documents without a gap: a counter row per issuer, year and series, locked last, until the commit."""

from django.db import connection, transaction

from apps.invoicing.invoices.models import NumberSeries


def take_number(*, issuer_id: int, year: int, series: str) -> int:
    """Return the next number, from 1. Call it last in the transaction that writes the document: everybody else waits for it.

    A transaction that rolls back gives its number back. One that commits without a document that bears the number is refused by
    the database. Errors: `TransactionManagementError` outside a transaction.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("A number is taken in the transaction that writes its document.")
    NumberSeries.objects.bulk_create([NumberSeries(issuer_id=issuer_id, year=year, series=series)], ignore_conflicts=True)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE invoicing_numberseries SET last = last + 1 WHERE issuer_id = %s AND year = %s AND series = %s RETURNING last",
            [issuer_id, year, series],
        )
        (number,) = cursor.fetchone()
    return int(number)
