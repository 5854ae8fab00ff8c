"""What the file of a batch says, from frozen rows alone: the shape of `reports.documents.TransferBatch` as plain values."""

import json
from typing import Any

from apps.invoicing.models import PayoutBatch


def get_transfer_batch(batch: PayoutBatch) -> dict[str, Any]:
    """The values of one file; the same batch always gives the same."""
    payer = json.loads(batch.payer)
    return {
        "message_id": batch.message_id,
        "created_at": batch.created_at,
        "execute_on": batch.execute_on,
        "debtor_name": payer["name"],
        "debtor_iban": payer["iban"],
        "debtor_bic": payer["bic"],
        "cuc": payer["cuc"],
        "payments": [
            {
                "end_to_end_id": transfer.end_to_end_id,
                "name": transfer.name,
                "iban": transfer.iban,
                "cents": transfer.cents,
                "text": transfer.text,
            }
            for transfer in batch.transfers.order_by("pk")
        ],
    }


def list_batches_without_file() -> list[int]:
    """Drafts whose file nobody made yet: what a worker left behind that died. Those that failed wait for a person."""
    drafts = PayoutBatch.objects.filter(state=PayoutBatch.State.DRAFT, error="")
    return list(drafts.order_by("pk").values_list("pk", flat=True))
