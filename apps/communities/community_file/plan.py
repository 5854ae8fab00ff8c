"""The file held against what is stored: every change it would make, every fault, every warning. Writes nothing."""

from django.utils.translation import gettext as _

from apps.communities.community_file.changes import Plan, given
from apps.communities.community_file.draft import ApprovedMonths, Draft
from apps.communities.community_file.plan_configurations import plan_configurations
from apps.communities.community_file.plan_people import plan_members
from apps.communities.community_file.plan_plants import plan_plants
from apps.communities.community_file.plan_points import plan_points
from apps.communities.community_file.problems import Problems
from apps.communities.community_file.rows import CommunityFile, CommunityRow
from apps.communities.community_file.stored import Stored
from apps.communities.community_file.warnings import list_warnings
from apps.communities.models import Community


def plan_import(document: CommunityFile, stored: Stored, approved_months: ApprovedMonths, problems: Problems) -> Plan:
    """Return what to write; when `problems` holds anything afterwards, nothing of it may be written."""
    plan = Plan()
    draft = Draft(
        document=document,
        stored=stored,
        approved_months=approved_months,
        problems=problems,
        community=_plan_community(document.community, stored, plan),
        plan=plan,
        configurations=dict(stored.configurations),
        members=dict(stored.members),
    )
    plan_configurations(draft)
    plan_members(draft)
    _refuse_strangers(draft)
    claims = plan_points(draft)
    plan_plants(draft, claims)
    plan.warnings += list_warnings(draft, claims)
    return plan


def _plan_community(row: CommunityRow, stored: Stored, plan: Plan) -> Community:
    values = {
        "name": row.name,
        "tax_code": row.tax_code,
        "iban": row.iban,
        "legal_form": row.legal_form,
        "address": row.address,
        "contact_email": row.contact_email,
    }
    if stored.community is not None:
        plan.update("communities", row.code, row.path, stored.community, values)
        return stored.community
    community = Community(code=row.code, **given(values))
    plan.create("communities", row.code, row.path, community)
    return community


def _refuse_strangers(draft: Draft) -> None:
    """References to codes that neither the file nor the database knows."""
    judge_configurations = draft.knows_all("configurations", "code")
    judge_members = draft.knows_all("members", "code")
    for row in draft.document.metering_points:
        if judge_configurations and row.sound("configuration") and row.configuration not in draft.configurations:
            draft.problems.add(
                row.at("configuration"),
                _("%(configuration)s is no configuration of this community.") % {"configuration": row.configuration},
            )
        if judge_members and row.sound("member") and row.member not in draft.members:
            draft.problems.add(row.at("member"), _("%(member)s is no member of this community.") % {"member": row.member})
    fixed = [place for configuration in draft.document.configurations for place in configuration.fixed_members]
    for path, code in fixed:
        if judge_members and code not in draft.members:
            draft.problems.add(path, _("%(code)s is no member of this community.") % {"code": code})
