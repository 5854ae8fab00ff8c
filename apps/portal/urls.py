"""The member's pages. Ids in an address are no secret: every page asks whose they are."""

from django.urls import path

from apps.portal import explain, mail, views

app_name = "portal"

urlpatterns = [
    path("", views.home, name="home"),
    path("start/", views.start, name="start"),
    path("members/<int:member_id>/", views.member, name="member"),
    path("members/<int:member_id>/<int:year>/", views.member, name="year"),
    path("members/<int:member_id>/mail/", mail.choose, name="mail"),
    path("members/<int:member_id>/account/", views.account, name="account"),
    path("members/<int:member_id>/account.csv", views.account_csv, name="account_csv"),
    path("months/<int:result_id>/", views.month, name="month"),
    path("members/<int:member_id>/invoices/", views.invoices, name="invoices"),
    path("invoices/<int:file_id>/", views.invoice, name="invoice"),
    path("months/<int:result_id>/days/", views.private(explain.days), name="days"),
    path("months/<int:result_id>/days/<int:day>/", views.private(explain.day), name="day"),
    path("months/<int:result_id>/days/<int:day>/<int:hour>/", views.private(explain.hour), name="hour"),
    path("months/<int:result_id>/<slug:contribution>/", views.private(explain.amount), name="amount"),
    path("statements/<int:document_id>/", views.statement, name="statement"),
]
