"""The machine words of payouts as people say them."""

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.backoffice.pages import Crumb
from apps.invoicing.models import PayoutBatch, PayoutTransfer
from apps.invoicing.payouts.plan import Reason

TONES = {
    PayoutBatch.State.DRAFT: "waiting",
    PayoutBatch.State.READY: "computed",
    PayoutBatch.State.EXECUTED: "approved",
    PayoutBatch.State.DISCARDED: "quiet",
}
TRANSFER_TONES = {
    PayoutTransfer.State.PLANNED: "waiting",
    PayoutTransfer.State.SENT: "computed",
    PayoutTransfer.State.EXECUTED: "approved",
    PayoutTransfer.State.RETURNED: "failed",
    PayoutTransfer.State.CANCELLED: "quiet",
}
REASONS: dict[str, str | Promise] = {
    Reason.NO_IBAN: _("manca un IBAN valido"),
    Reason.RETURNED: _("la banca ha restituito il bonifico a questo IBAN: serve quello nuovo"),
    Reason.BELOW_MINIMUM: _("sotto il pagamento minimo: si somma al prossimo"),
    Reason.NEGATIVE: _("saldo negativo dopo una rettifica: si scala dal prossimo"),
    Reason.ON_THE_WAY: _("ha già un bonifico in una distinta non ancora conclusa"),
}
RETURN_CODES = {
    "AC01": _("IBAN errato"),
    "AC04": _("conto chiuso"),
    "AC06": _("conto bloccato"),
    "AG01": _("bonifico non ammesso su questo conto"),
    "BE04": _("indirizzo del beneficiario mancante"),
    "MD07": _("beneficiario deceduto"),
    "MS02": _("rifiutato dal beneficiario"),
    "MS03": _("motivo non indicato dalla banca"),
    "RC01": _("BIC errato"),
}


def batches_crumb() -> Crumb:
    return _("Pagamenti ai soci"), reverse("admin:invoicing_payoutbatch_changelist")


def reason_text(reason: str) -> str:
    return str(REASONS.get(reason, reason))
