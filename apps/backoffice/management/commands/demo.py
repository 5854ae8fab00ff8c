"""From an empty database to a settled year in the browser."""

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from apps.accounts.models import User
from apps.backoffice.demo import devices, processes
from apps.backoffice.demo.community import Login, load_community, make_logins
from apps.backoffice.demo.gse import bring_in_gse
from apps.backoffice.demo.invoices import issue_demo_invoices
from apps.backoffice.demo.payouts import pay_members
from apps.backoffice.demo.year import settle_year, wait_for_documents
from apps.communities.models import Community
from apps.invoicing.models import IssuedDocument
from apps.settlement.models import SettlementRun
from apps.settlement.units import eur, kwh
from tasks.reminders import keep_reminders


class Command(BaseCommand):
    help = "Loads the demo community, settles its year, writes the documents and serves the pages until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="no web server: print a summary and end")

    def handle(self, *args: Any, once: bool, **options: Any) -> None:
        processes.end_on_terminate()
        started = time.monotonic()
        community = load_community(self._say)
        logins = make_logins(community)
        call_command("setup_schedules", stdout=self.stdout)
        opener, approver = (User.objects.get(email=login.email) for login in logins[:2])
        with processes.running("worker", processes.worker()):
            issue_demo_invoices(community, issuer=opener, say=self._say)
            runs = settle_year(community, opener=opener, approver=approver, say=self._say)
            bring_in_gse(community, user=opener, say=self._say)
            wait_for_documents(runs if once else [*runs[:2], *runs[-2:]])
            pay_members(community, runs, maker=opener, confirmer=approver, say=self._say)
            keep_reminders.delay()  # beat does it every morning; who looks tonight is not told that nothing waits
            self._say(f"Settled and printed after {time.monotonic() - started:.0f} s.")
            self._summary(community, runs)
            if once:
                return
            self._serve(logins, community)

    def _serve(self, logins: list[Login], community: Community) -> None:
        port = processes.free_port()
        with ExitStack() as stack:
            stack.enter_context(processes.running("beat", processes.beat()))
            if settings.MQTT_URL:
                pods = devices.bind_demo_devices(community, as_of=timezone.now())
                stack.enter_context(processes.running("listener", devices.listener()))
                stack.enter_context(processes.running("simulator", devices.simulator(pods)))
                self._say(f"{len(pods)} invented devices speak every ten seconds.")
            server = stack.enter_context(processes.running("web", processes.web(port)))
            address = f"http://localhost:{port}"
            self._say(f"\nMember's pages    {address}/\nAdministration    {address}/ceradmin/\n")
            for login in logins:
                self._say(f"  {login.email:<24} {login.password:<16} {login.what} · {login.name}")
            self._say("\nTry it: log in as anna, start December 2023, then approve it as bruno. Ctrl-C ends everything.")
            try:
                server.wait()
            except KeyboardInterrupt:
                self._say("\nStopping …")

    def _summary(self, community: Community, runs: list[SettlementRun]) -> None:
        self._say(f"\n{community.name} ({community.code}), {len(runs)} settled months")
        for run in runs:
            run.refresh_from_db()
            amounts = {row.contribution: row.amount_cents for row in run.contributions.all()}
            text = ", ".join(f"{name} {eur(cents)} €" for name, cents in sorted(amounts.items()))
            self._say(f"  {run!s:<36} {run.state:<9} shared {kwh(run.shared_wh):>11} kWh   {text}")
        ready = IssuedDocument.objects.filter(run__in=runs, state=IssuedDocument.State.READY)
        folder = Path(settings.DATA_DIR)
        self._say(
            f"\n{ready.count()} documents ready below {folder / 'documents'}; of {runs[-1].month_text} the first of each kind:"
        )
        first = {(row.run_id, row.kind): row for row in ready.filter(run__in=runs[-2:]).order_by("-reference")}
        for document in sorted(first.values(), key=lambda row: row.reference):
            self._say(f"  {document.reference:<52} {folder / document.path}")

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
