"""Names and passwords of devices at the broker."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from apps.metering.broker_passwords import (
    FILE,
    NameUnusable,
    check_name,
    hash_password,
    make_password,
    read_passwords,
    write_passwords,
)
from apps.metering.models import Broker, DeviceAssignment
from project.commands import JsonCommand, Refused


class Command(JsonCommand):
    help = (
        "Gives every device that measures a POD its own password at the broker, unless it has one, and shows it this one time: "
        "the devices at brokers that belong to no community, or at the one that is named. "
        "The file with their hashes is what deploy/mosquitto reads at the start of the broker."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--out", type=Path, metavar="DIR", help=f"where {FILE} is (default DATA_DIR/mosquitto/credentials)")
        parser.add_argument("--broker", metavar="NAME", help="only for devices at this one (default: at those of no community)")
        parser.add_argument("--device", action="append", default=[], metavar="KEY", help="also this one, that never spoke yet")
        parser.add_argument("--rotate", action="append", default=[], metavar="KEY", help="a new password instead of the old one")
        parser.add_argument("--revoke", action="append", default=[], metavar="KEY", help="this one may not come in any more")

    def answer(self, **options: Any) -> dict[str, Any]:
        path = (options["out"] or Path(settings.DATA_DIR) / "mosquitto" / "credentials") / FILE
        kept = read_passwords(path)
        unknown = sorted({*options["rotate"], *options["revoke"]} - set(kept))
        if unknown:
            raise Refused(*(f"{name} has no password in {path}. Check the identity of the device." for name in unknown))
        wanted = {*_list_measuring(options["broker"]), *options["device"]} - set(options["revoke"])
        reasons: list[str] = []
        for name in sorted(wanted):
            try:
                check_name(name)
            except NameUnusable as error:
                reasons.append(str(error))
        if reasons:
            raise Refused(*reasons)
        made = {name: make_password() for name in sorted((wanted - set(kept)) | set(options["rotate"]))}
        hashes = {name: hashed for name, hashed in kept.items() if name not in options["revoke"]}
        hashes |= {name: hash_password(password) for name, password in made.items()}
        write_passwords(path, hashes)
        return {"file": str(path), "made": made, "revoked": sorted(options["revoke"]), "devices": len(hashes)}

    def tell(self, answer: dict[str, Any]) -> None:
        for name, password in answer["made"].items():
            self.stdout.write(f"{name}  {password}")
        self.stdout.write(f"{answer['devices']} devices may come in: {answer['file']}. Restart the broker to make it so.")


def _list_measuring(broker: str | None) -> set[str]:
    """The identities of the devices that measure a POD, at one broker, or at those of no community.

    Who runs a broker of their own lets speak there under any name, and that name must open nothing elsewhere.
    """
    if broker is not None and not Broker.objects.filter(name=broker).exists():
        raise Refused(f"There is no broker {broker}. Look at its name in the backoffice.")
    here = {"device__broker__community__isnull": True} if broker is None else {"device__broker__name": broker}
    return set(DeviceAssignment.objects.filter(ends_at__isnull=True, **here).values_list("device__key", flat=True))
