"""Amounts that came from GSE are explained as what they are: every step foots and ends at the cents that were posted."""

import pytest
from django.utils import translation

from apps.engine.inputs import Contribution
from apps.explaining.amounts import explain_amount, month_cents
from apps.explaining.subject import Subject
from apps.settlement.models import MemberResult
from apps.settlement.posted import get_posted_amounts
from tests.apps.settlement.corrected import approve, correct, settle
from tests.apps.settlement.gse.test_amounts_divided import divide_gse_amounts, opened, publish
from tests.doors.backoffice.village import make_ready_village

pytestmark = pytest.mark.django_db


@pytest.fixture
def village():
    return make_ready_village()


def assert_explained(run):
    """Returns the words of the first row of each contribution."""
    posted = get_posted_amounts([*run.facts.get("correction", {"against": []})["against"], run.pk])
    of_month = {name: sum(cents for payee, cents in posted.items() if payee.contribution is name) for name in Contribution}
    assert month_cents(run) == of_month
    words = {}
    for result in MemberResult.objects.filter(run=run).select_related("member"):
        result.run = run
        subject = Subject(run=run, result=result, base="/x/", sees_all=True)
        for contribution in Contribution:
            amount = explain_amount(subject, contribution)
            assert amount.foots, (result.member.code, contribution)
            assert amount.ladders[0].rows[-1].cents == of_month[contribution]
            words[contribution] = [row.words for row in amount.ladders[0].rows]
    return words


def test_what_gse_published_is_where_the_amount_comes_from(village):
    divide_gse_amounts(village)
    publish(village, ("premium", "true_up", "30.00"), ("valorisation", "true_up", "1.50"), ("excess", "true_up", "0.40"))
    final = approve(settle(opened(village, "final")), village)
    with translation.override("it"):
        words = assert_explained(final)
    assert words[Contribution.PREMIUM] == ["Importo pubblicato dal GSE", "Tariffa premio da dividere"]
    publish(village, ("premium", "recalculation", "-1.00"))
    assert_explained(correct(final, village))


def test_a_premium_without_its_excess_named_and_an_advance(village):
    advance = approve(settle(opened(village, "advance")), village)
    with translation.override("it"):
        assert assert_explained(advance)[Contribution.VALORISATION] == ["Acconto del GSE", "Valorizzazione da dividere"]
    divide_gse_amounts(village)
    publish(village, ("premium", "true_up", "30.00"), ("valorisation", "true_up", "1.50"))
    assert_explained(settle(opened(village, "final")))


def test_an_excess_that_gse_certified_beside_the_own_amounts(village):
    publish(village, ("excess", "true_up", "2.00"))
    with translation.override("it"):
        words = assert_explained(settle(opened(village, "final")))
    assert words[Contribution.EXCESS][0] == "Importo pubblicato dal GSE"
    assert words[Contribution.PREMIUM][-1] == "Tariffa premio da dividere"
