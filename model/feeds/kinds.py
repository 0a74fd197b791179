"""The kind of the ledger that a report belongs to, from its CAMEO or PLOVER code or the words of a headline.

The kinds of codes are those of the codebook (seeds/README.md). CAMEO codes are those of its codebook 1.1b3
(Schrodt 2012), also used by ICEWS and GDELT; the PLOVER types and modes are translated to CAMEO codes by the
table that PLOVER publishes (CAMEO2PLOVER, 2021) and the modes of its manual.
"""

import re
from typing import NamedTuple

from ..evidence.rows import ANNOUNCEMENT, ATTENDANCE, REFUSAL

CALL, PLANNING, CONTACT, TRADE_TALKS = "leader_call", "visit_planning", "envoy_meeting", "trade_talks"
STATEMENT, DELIVERY = "official_statement", "trade_delivery"
COERCION, FRICTION = "economic_coercion", "security_friction"


ONE_SIDED = (STATEMENT, COERCION, FRICTION, REFUSAL)
"""Kinds of which a headline names first the side that acts."""


class Meaning(NamedTuple):
    """The kind of a code, "" if the ledger has none, and what the code says in a few words."""

    kind: str
    words: str


CAMEO = {
    "01": Meaning(STATEMENT, "statement"),
    "02": Meaning(STATEMENT, "appeal"),
    "03": Meaning(STATEMENT, "intent to cooperate"),
    "036": Meaning(PLANNING, "intent to meet"),
    "04": Meaning(CONTACT, "talks"),
    "041": Meaning(CALL, "call"),
    "042": Meaning(CONTACT, "visit"),
    "043": Meaning(CONTACT, "visit"),
    "044": Meaning(CONTACT, "meeting in a third country"),
    "046": Meaning(CONTACT, "negotiation"),
    "05": Meaning(DELIVERY, "cooperation"),
    "051": Meaning(STATEMENT, "praise"),
    "052": Meaning(STATEMENT, "defence in words"),
    "053": Meaning(STATEMENT, "rallying of support"),
    "055": Meaning(STATEMENT, "apology"),
    "056": Meaning(STATEMENT, "forgiveness"),
    "057": Meaning(DELIVERY, "agreement signed"),
    "06": Meaning(DELIVERY, "material cooperation"),
    "07": Meaning("", "aid"),
    "08": Meaning(DELIVERY, "concession"),
    "09": Meaning("", "investigation"),
    "10": Meaning(STATEMENT, "demand"),
    "11": Meaning(STATEMENT, "criticism"),
    "12": Meaning(REFUSAL, "rejection"),
    "125": Meaning(REFUSAL, "refusal to meet"),
    "13": Meaning(FRICTION, "threat"),
    "1312": Meaning(COERCION, "threat of sanctions"),
    "132": Meaning(COERCION, "threat of restrictions"),
    "134": Meaning(REFUSAL, "threat to end talks"),
    "14": Meaning("", "protest"),
    "15": Meaning(FRICTION, "show of force"),
    "16": Meaning(REFUSAL, "relations reduced"),
    "162": Meaning(COERCION, "aid stopped"),
    "163": Meaning(COERCION, "sanctions or embargo"),
    "164": Meaning(REFUSAL, "talks ended"),
    "17": Meaning(FRICTION, "coercion"),
    "171": Meaning(COERCION, "seizure"),
    "172": Meaning(COERCION, "restrictions"),
    "173": Meaning(COERCION, "arrest or charge"),
    "18": Meaning(FRICTION, "violence"),
    "19": Meaning(FRICTION, "use of force"),
    "20": Meaning(FRICTION, "mass violence"),
}
"""The kind of CAMEO codes by their first digits; the longest that fits counts."""

VISITS = ("042", "043")
"""CAMEO codes of a visit, by their first digits: made by the source, received by the source."""
JOURNEYS = (*VISITS, "044")
"""CAMEO codes of journeys, by their first digits."""
PLOVER = {
    "AGREE": "03",
    "CONSULT": "040",
    "SUPPORT": "05",
    "COOPERATE": "06",
    "AID": "07",
    "CONCEDE": "08",
    "RETREAT": "08",
    "ACCUSE": "11",
    "REQUEST": "10",
    "DEMAND": "10",
    "REJECT": "12",
    "THREATEN": "13",
    "PROTEST": "14",
    "MOBILIZE": "15",
    "SANCTION": "163",
    "COERCE": "17",
    "ASSAULT": "19",
}
"""The CAMEO code of each PLOVER event type."""
MODES = {
    ("CONSULT", "phone"): "041",
    ("CONSULT", "visit"): "042",
    ("CONSULT", "host"): "043",
    ("CONSULT", "third-party"): "044",
    ("ACCUSE", "investigate"): "09",
    ("REQUEST", "meet"): "106",
    ("REJECT", "meet"): "125",
    ("THREATEN", "restrict"): "1312",
    ("THREATEN", "ban"): "132",
    ("SANCTION", "cancel"): "164",
    ("SANCTION", "convict"): "173",
    ("SANCTION", "discontinue"): "162",
    ("SANCTION", "expel"): "166",
    ("SANCTION", "sever"): "161",
    ("SANCTION", "withdraw"): "161",
    ("COERCE", "restrict"): "163",
    ("COERCE", "ban"): "172",
    ("COERCE", "seize"): "171",
    ("COERCE", "confiscate"): "171",
    ("COERCE", "arrest"): "173",
}
"""The CAMEO code of PLOVER event types with a mode, where it differs from that of the type."""


def cameo_of(event_type: str, mode: str) -> str:
    """The CAMEO code of a PLOVER event type and mode; "" for a type that PLOVER does not have."""
    event_type, mode = event_type.upper(), mode.lower()
    return MODES.get((event_type, mode)) or PLOVER.get(event_type, "")


def whole_code(code: str) -> str:
    """A CAMEO code with the zeros that a spreadsheet took from its beginning: 51 is 051, 871 is 0871.

    Of the roots below 10 only 02, 03 and 08 have codes of four digits.
    """
    code = code.zfill(3)
    return f"0{code}" if code[0] in "38" or "21" <= code[:2] <= "29" else code


def meaning(code: str) -> Meaning | None:
    """What a CAMEO code means; None if CAMEO has no such root."""
    return next((CAMEO[code[:n]] for n in range(len(code), 1, -1) if code[:n] in CAMEO), None)


def _any(words: str) -> str:
    """A pattern that matches any word which begins so."""
    return rf"\b(?:{words})"


LEADERS = "the leaders of both sides"
"""Stands for the pattern that the sides give."""
_MEETING = _any("summit|meet|visit|talks|trip|call|dialogue")
HEADLINES = [
    (REFUSAL, [_any("cancel|call(?:s|ed)? off|postpone|puts? off|refuse|reject|scrap|suspend"), _MEETING]),
    (ATTENDANCE, [_any("attend|skip|snub|boycott|stay(?:s|ing)? away|no-show")]),
    (ANNOUNCEMENT, [_any("announc|confirm|will meet|to meet|set to meet"), LEADERS]),
    ("invitation", [_any("invit")]),
    (CALL, [_any("phone|call(?:s|ed)?\\b|spoke|speak|video"), LEADERS]),
    (TRADE_TALKS, [_any("trade|tariff|econom|commerce|treasury"), _any("talks|negotiat|meet|round|visit")]),
    (PLANNING, [_any("plan|prepar|arrang|schedul|propos|discuss"), _any("summit|meeting|state visit")]),
    (CONTACT, [_any("meet|visit|talks|arriv|travel|trip|host")]),
    (
        DELIVERY,
        [_any("deal|agree|accord|truce|sign(?:s|ed)?\\b|lift|eas(?:e|es|ed|ing)\\b|exempt|purchas|buy")],
    ),
    (COERCION, [_any("tariff|sanction|export control|embargo|ban(?:s|ned)?\\b|blacklist|entity list|probe")]),
    (FRICTION, [_any("taiwan|arms|warship|navy|naval|missile|spy|balloon|militar|strait|drill|patrol")]),
    (STATEMENT, [_any("say|said|warn|urge|critici|condemn|welcom|prais|call(?:s|ed)? for|vow|hope|blame")]),
]
"""The kinds of headlines with the patterns that must all occur, in the order of the codebook."""


def headline_kind(title: str, leaders: str) -> str:
    """The kind of an English headline by its words, "" if none fits.

    `leaders` is a pattern that matches the names of both leaders, in any order.
    """

    def occurs(pattern: str) -> bool:
        return bool(re.search(leaders if pattern == LEADERS else pattern, title, re.IGNORECASE))

    return next((kind for kind, patterns in HEADLINES if all(map(occurs, patterns))), "")
