"""Files of GSE and of the bank: exact, idempotent, superseding by pointing back, refused by line and never half written."""

import pytest

from apps.communities.models import Configuration
from apps.settlement.gse.errors import MappingRefused
from apps.settlement.gse.mapping import FileMapping, mapping_from_json
from apps.settlement.gse.operations import import_file
from apps.settlement.gse.planning import plan_import
from apps.settlement.gse.reading import is_wanted
from apps.settlement.models import BankReceipt, GseImport, GsePublication
from tests.apps.settlement.gse.files import (
    AS_OF,
    COLUMNS,
    PUBLICATIONS,
    RECEIPTS,
    bring_in,
    day,
    line,
    publications,
    receipts,
    workbook,
)

pytestmark = pytest.mark.django_db


def stored():
    rows = GsePublication.objects.order_by("pk")
    return [(f"{row.month:%Y-%m}", row.item, row.kind, row.cents, f"{row.published_on}", row.reference) for row in rows]


def test_every_amount_is_stored_exactly_with_its_line(configuration, anna):
    content = publications(
        line(),
        line(item="Corrispettivo di valorizzazione", amount="1.047,57"),
        line(item="Importo eccedentario", kind="Conguaglio", amount="-3,10", on="2024-05-10", document="C1"),
    )
    plan, made = bring_in(configuration, anna, content)
    assert stored() == [
        ("2023-03", "premium", "advance", 495_00, "2023-04-25", "A1"),
        ("2023-03", "valorisation", "advance", 1_047_57, "2023-04-25", "A1"),
        ("2023-03", "excess", "true_up", -3_10, "2024-05-10", "C1"),
    ]
    assert [row.line for row in GsePublication.objects.order_by("pk")] == [2, 3, 4]
    assert (made.rows_read, made.rows_new, made.rows_known, made.rows_superseding) == (3, 3, 0, 0)
    assert plan.refusals == ()


def test_the_same_file_again_changes_nothing(configuration, anna):
    content = publications(line(), line(month="04/2023", on="25/05/2023"))
    bring_in(configuration, anna, content)
    plan, made = bring_in(configuration, anna, content)
    assert (plan.new, plan.superseding, plan.known, made) == (0, 0, 2, None)
    assert (GsePublication.objects.count(), GseImport.objects.count()) == (2, 1)


def test_the_same_rows_among_others_change_nothing(configuration, anna):
    bring_in(configuration, anna, publications(line()))
    plan, _made = bring_in(configuration, anna, publications(line(month="04/2023", on="25/05/2023"), line()))
    assert (plan.new, plan.known) == (1, 1)
    assert GsePublication.objects.count() == 2


def test_a_later_publication_takes_the_place_of_the_earlier_which_stays(configuration, anna):
    bring_in(configuration, anna, publications(line()))
    first = GsePublication.objects.get()
    plan, _made = bring_in(configuration, anna, publications(line(amount="500,00", on="10/06/2023", document="A2")))
    assert (plan.new, plan.superseding) == (0, 1)
    assert plan.before == {first.pk: 495_00}
    assert [row.cents for row in GsePublication.objects.order_by("pk")] == [495_00, 500_00]
    assert GsePublication.objects.get(cents=500_00).supersedes_id == first.pk
    again, _nothing = bring_in(configuration, anna, publications(line()))
    assert (again.known, again.superseding) == (1, 0), "an old file after the new one does not bring the old amount back"


def test_an_older_publication_of_another_amount_is_refused(configuration, anna):
    bring_in(configuration, anna, publications(line()))
    plan, made = bring_in(configuration, anna, publications(line(amount="1,00", on="24/04/2023")))
    assert "25/04/2023 (495.00 €) is already there and is newer" in plan.refusals[0].reason
    assert made is None
    assert GsePublication.objects.count() == 1


def test_recalculations_add_up_and_the_same_document_supersedes(configuration, anna):
    recalculated = {"kind": "Ricalcolo", "on": "30/06/2024"}
    bring_in(configuration, anna, publications(line(**recalculated, amount="1,00", document="R1")))
    bring_in(configuration, anna, publications(line(**recalculated, amount="2,00", document="R2")))
    plan, _made = bring_in(configuration, anna, publications(line(**recalculated, amount="3,00", document="R2")))
    assert plan.superseding == 1
    in_force = GsePublication.objects.filter(superseded_by=None)
    assert sorted(in_force.values_list("round", "cents")) == [("R1", 1_00), ("R2", 3_00)]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (line(amount="4.95,00"), "point where the mapping expects a decimal comma"),
        (line(amount="1,005"), "more than two decimals"),
        (line(amount="molto"), "is not an amount"),
        (line(amount=""), "The cell “amount (€)” is empty."),
        (line(month="Totale"), "“Totale” is not a month"),
        (line(month="13/2023"), "not a day of the calendar"),
        (line(month="12/2022"), "is before CER-T-A begins"),
        (line(on="31/04/2023"), "not a day of the calendar"),
        (line(on="02/07/2024"), "has not come yet"),
        (line(kind="Boh"), "“Boh” is no known kind (advance"),
        (line(item="Premio e valorizzazione"), "is no known contribution"),
        (line().replace("CER000123", "CER999"), "“CER999” is no known"),
    ],
)
def test_a_row_that_cannot_be_is_left_out_with_line_and_reason_and_the_others_stay(configuration, anna, bad, reason):
    _plan, made = bring_in(configuration, anna, publications(line(month="05/2023", on="25/06/2023"), bad))
    assert [refused[0] for refused in made.refusals] == [3]
    assert reason in made.refusals[0][1]
    assert stored() == [("2023-05", "premium", "advance", 495_00, "2023-06-25", "A1")]


def test_two_rows_for_one_place_are_not_added_up_in_silence(configuration, anna):
    plan, _made = bring_in(configuration, anna, publications(line(), line(amount="10,00")))
    assert [refusal.line for refusal in plan.refusals] == [3]
    assert "Line 2 has the same month" in plan.refusals[0].reason
    assert [row[3] for row in stored()] == [495_00]


def test_one_column_per_contribution_and_a_refused_row_is_refused_whole(configuration, anna):
    wide = FileMapping(
        target="publications",
        columns={"month": "Mese", "amount_premium": "Premio", "amount_valorisation": "Valorizzazione", "amount_fee": "Spese"},
        constants={"kind": "advance", "published_on": "25/06/2023", "reference": "M6"},
    )
    content = b"Mese;Premio;Valorizzazione;Spese\n2023-05;10,00;5,00;\n2023-04;10,00;x;\n2023-06;7,00;;18,30\n"
    plan, _made = bring_in(configuration, anna, content, wide)
    assert [refusal.line for refusal in plan.refusals] == [3]
    assert [(row[0], row[1], row[2], row[3]) for row in stored()] == [
        ("2023-05", "premium", "advance", 10_00),
        ("2023-05", "valorisation", "advance", 5_00),
        ("2023-06", "premium", "advance", 7_00),
        ("2023-06", "fee", "fee", -18_30),
    ]


def test_an_xlsx_reads_the_same_and_formulas_are_refused(configuration, anna):
    content = workbook(
        ["Riepilogo", None],
        [],
        list(COLUMNS.values()),
        [day("2023-03-01"), "CER000123", "Premio", "Acconto", 495.0, day("2023-04-25"), "A1"],
        ["04/2023", "CER000123", "Premio", "Acconto", 0.1 + 0.2, "25/05/2023", 77],
        ["05/2023", "CER000123", "Premio", "Acconto", "=100+200", "25/06/2023", "A3"],
    )
    mapping = FileMapping(target="publications", columns=COLUMNS, words=PUBLICATIONS.words, header_row=3)
    plan, _made = bring_in(configuration, anna, content, mapping)
    assert [(row[0], row[3], row[5]) for row in stored()] == [("2023-03", 495_00, "A1"), ("2023-04", 30, "77")]
    assert [refusal.line for refusal in plan.refusals] == [6]
    assert "is a formula" in plan.refusals[0].reason


def test_a_mapping_that_is_not_enough_is_refused(configuration, anna):
    other = FileMapping(target="publications", columns=COLUMNS | {"amount": "Euro"})
    with pytest.raises(MappingRefused, match="no column “Euro”"):
        bring_in(configuration, anna, publications(line()), other)
    Configuration.objects.create(
        community=configuration.community,
        code="CER-T-B",
        kind="cer",
        primary_substation="AC001E00002",
        starts_on=day("2023-01-01"),
    )
    half = FileMapping(target="publications", columns={"month": "Mese", "amount": "Importo"})
    with pytest.raises(MappingRefused, match=r"publication date, contribution, kind .*, configuration"):
        bring_in(configuration, anna, publications(line()), half)
    assert not GseImport.objects.exists()


def test_a_mapping_survives_json_and_a_foreign_one_is_cut_to_size():
    assert mapping_from_json(PUBLICATIONS.to_json()) == PUBLICATIONS
    odd = mapping_from_json(PUBLICATIONS.to_json() | {"columns": {"month": "Mese", "state": "x"}, "header_row": 10**9})
    assert odd.columns == {"month": "Mese"}
    assert odd.header_row == 200
    with pytest.raises(MappingRefused):
        mapping_from_json({"target": "users"})


def test_receipts_are_known_by_day_amount_and_reference(configuration, anna):
    content = receipts(
        "2023-05-31,2023-05-31,495.00,0001,GESTORE SERVIZI ENERGETICI GSE SPA\n",
        "2023-05-31,2023-05-31,-12.00,0002,CANONE CONTO\n",
        '2023-06-30,2023-06-30,"1,495.00",0003,GSE SPA acconto maggio\n',
    )
    plan, _made = bring_in(configuration, anna, content, RECEIPTS)
    assert plan.read.skipped == 1, "lines of others are left out"
    rows = BankReceipt.objects.order_by("pk").values_list("value_date", "cents", "reference", "configuration__code")
    assert list(rows) == [(day("2023-05-31"), 495_00, "0001", "CER-T-A"), (day("2023-06-30"), 1_495_00, "0003", "CER-T-A")]
    again, made = bring_in(configuration, anna, content, RECEIPTS)
    assert (again.new, again.known, made) == (0, 2, None)


def test_other_people_of_a_statement_are_told_apart_by_whole_words():
    assert is_wanted(("x", "Bonifico da GSE S.p.A.", None), "gse; Gestore dei servizi")
    assert is_wanted(("GESTORE DEI SERVIZI ENERGETICI",), "gse; Gestore dei servizi")
    assert not is_wanted(("LOGSEAL SRL", 5), "gse; Gestore dei servizi")
    assert is_wanted(("LOGSEAL SRL", 5), " ; ")
    assert not is_wanted(("a.b",), ".*")


def test_two_equal_lines_of_one_statement_are_two_receipts_however_often_it_comes(configuration, anna):
    twice = "2023-05-31,2023-05-31,495.00,,GSE\n"
    bring_in(configuration, anna, receipts(twice), RECEIPTS)
    plan, _made = bring_in(configuration, anna, receipts(twice, twice), RECEIPTS)
    assert (plan.new, plan.known) == (1, 1)
    assert list(BankReceipt.objects.order_by("pk").values_list("occurrence", flat=True)) == [1, 2]
    assert bring_in(configuration, anna, receipts(twice, twice), RECEIPTS)[1] is None


def test_a_receipt_without_its_reference_is_not_taken_twice(configuration, anna):
    bring_in(configuration, anna, receipts("2023-05-31,2023-05-31,495.00,0001,GSE\n"), RECEIPTS)
    plan, made = bring_in(configuration, anna, receipts("2023-05-31,2023-05-31,495.00,,GSE\n"), RECEIPTS)
    assert made is None
    assert "taken for the same" in plan.refusals[0].reason


def test_what_was_not_on_the_screen_is_not_written(configuration, anna):
    plan, made = import_file(
        community=configuration.community,
        content=publications(line()),
        file_name="x.csv",
        mapping=PUBLICATIONS,
        imported_by=anna,
        as_of=AS_OF,
        seen=lambda plan: False,
    )
    assert (plan.new, made) == (1, None)
    assert not GsePublication.objects.exists()
    assert not GseImport.objects.exists()


def test_a_preview_writes_nothing_and_lists_the_words_nobody_translated(configuration):
    content = publications(line(kind="Saldo"), line(item="Boh", kind="Saldo"))
    plan = plan_import(community=configuration.community, content=content, mapping=PUBLICATIONS, today=day("2024-07-01"))
    assert plan.read.unknown == {"kind": ("Saldo",), "item": ("Boh",)}
    assert not GsePublication.objects.exists()


def test_plants_and_whole_amounts_of_a_month_do_not_count_twice(configuration, anna):
    from apps.communities.models import Plant

    plant = Plant.objects.create(
        community=configuration.community, code="P1", pod_key="IT001E00000001", source="photovoltaic", power_kw=100,
        region="Lombardia", market_zone="NORD", entered_operation_on=day("2023-01-01"),
    )  # fmt: skip
    bring_in(configuration, anna, publications(line()))
    mapping = FileMapping(target="publications", columns=COLUMNS | {"plant": "Impianto"}, words=PUBLICATIONS.words)
    content = publications(line()).decode().replace("Documento", "Documento;Impianto").replace("A1", "A1;p1").encode()
    plan, made = bring_in(configuration, anna, content, mapping)
    assert made is None
    assert "already there per plant and as a whole" in plan.refusals[0].reason
    later = content.replace(b"03/2023", b"04/2023").replace(b"25/04/2023", b"25/05/2023")
    bring_in(configuration, anna, later, mapping)
    assert GsePublication.objects.get(plant=plant).cents == 495_00
