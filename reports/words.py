"""The machine words of the engine in Italian, as a person says them. An unknown word is printed as it is."""

from apps.engine.inputs import Contribution, Kind

CONTRIBUTIONS = {
    Contribution.PREMIUM: "Tariffa premio",
    Contribution.VALORISATION: "Corrispettivo di valorizzazione",
    Contribution.EXCESS: "Importo eccedentario",
}

CONFIGURATION_KINDS = {
    Kind.CER: "comunità energetica rinnovabile",
    Kind.GROUP: "gruppo di autoconsumatori",
    Kind.REMOTE_SELF_CONSUMER: "autoconsumatore individuale a distanza",
}

MEMBER_KINDS = {
    "household": "persona fisica",
    "sme": "piccola o media impresa",
    "large_enterprise": "grande impresa",
    "local_authority": "ente locale",
    "religious_body": "ente religioso",
    "third_sector": "ente del terzo settore",
    "environmental_body": "ente di protezione ambientale",
    "research_body": "ente di ricerca",
    "other": "altro soggetto",
}

SOURCES = {
    "photovoltaic": "fotovoltaico",
    "wind": "eolico",
    "hydro": "idroelettrico",
    "biogas": "biogas",
    "biomass": "biomassa",
    "other": "altra fonte",
}

LEGAL_FORMS = {
    "association": "associazione",
    "cooperative": "società cooperativa",
    "foundation": "fondazione",
    "consortium": "consorzio",
    "partnership": "società di persone",
    "company": "società di capitali",
    "social_enterprise": "impresa sociale",
    "local_authority": "ente locale",
}

ACCOUNTS = {
    "management": "gestione",
    "reserve": "riserva",
    "social_fund": "fondo sociale",
    "undistributed": "importi non ripartiti",
}

BLOCKS = {
    "deduction": "trattenuta",
    "producers": "produttori",
    "consumers": "consumatori",
    "social_fund": "fondo sociale",
    "undistributed": "non ripartito",
}

KEYS = {
    "injected": "energia immessa",
    "incentivised": "energia incentivata",
    "coincident": "energia condivisa",
    "withdrawn": "energia prelevata",
    "equal": "parti uguali",
    "fixed": "quote fisse",
}

REASONS = {
    "existing": "impianto preesistente",
    "too_large": "potenza oltre il limite",
    "grant_too_high": "contributo pubblico oltre il limite",
    "not_renewable": "fonte non rinnovabile",
}

RUN_KINDS = {
    "advance": "acconto",
    "provisional": "provvisorio",
    "final": "definitivo",
    "correction": "rettifica",
    "reversal": "storno",
}
GIVEN = {
    "gse_advance": "Acconto del GSE per tutta la configurazione, stimato prima delle misure",
    "gse_published": "Importo pubblicato dal GSE per tutta la configurazione",
}


def account(name: str) -> str:
    return ACCOUNTS.get(name, name)
