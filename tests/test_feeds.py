"""From event feeds and headlines to candidates, and from reviewed candidates to the ledger.

`feeds/icews_2018_sample.tab` is real: the ICEWS events of 1 and 2 June 2018 between the United States and
China, and every sixtieth of the others, from the sample that the R package icews ships. The rows of POLECAT,
GDELT 2 and the headlines here are made up after their public codebooks.
"""

import csv
import io
import re
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tables import problems_of

from model.cli import main
from model.evidence.ledger import Ledger, load_ledger
from model.feeds import candidates, formats, kinds
from model.feeds.sides import Sides
from model.files.csv_files import is_formula
from model.files.problems import InputError
from model.paths import SEEDS, TABLES
from model.settings.params import load_params

SAMPLE = Path(__file__).parent / "feeds" / "icews_2018_sample.tab"
PARAMS = load_params()
LEDGER = load_ledger(**{name: [path] for name, path in TABLES.items()}, words=PARAMS.vocabulary)
SIDES = Sides.of(PARAMS, LEDGER)
US, CHINA = ("United States", "United States", "NA"), ("China", "China", "NA")
TRADE = "Finance / Economy / Commerce / Trade Ministry"
ROSS = ("United States", "Wilbur Ross", f"Government,Executive,{TRADE}")
TRUMP = ("United States", "Donald Trump", "Government,Executive Office,Executive")
XI = ("China", "Xi Jinping", "Government,Executive Office,Executive")
ICEWS_HEADER = SAMPLE.read_text("utf-8").split("\n", 1)[0]
POLECAT = """
Event ID,Event Date,Event Type,Event Mode,Intensity,Quad Code,Contexts,Actor Name,Actor Country,Actor COW
Primary Actor Sector,Actor Sectors,Actor Title,Actor Name Raw,Wikipedia Actor ID,Recipient Name
Recipient Country,Recipient COW,Primary Recipient Sector,Recipient Sectors,Recipient Title
Recipient Name Raw,Wikipedia Recipient ID,Placename,City,District,Province,Country,Latitude,Longitude
GeoNames ID,Raw Placename,Feature Type,Source,Publication Date,Story People,Story Organizations
Story Locations,Language,Version
"""
POLECAT_HEADER = re.sub("[,\n]", "\t", POLECAT.strip())
CODES = {"United States": "USA", "China": "CHN", "France": "FRA"}


def icews(day="2018-06-01", source=US, target=CHINA, code="040", story="1", sentence="1", publisher="Paper"):
    cells = [day.replace("-", "") + story, day, source[1], source[2], source[0], "text", code, "1"]
    return "\t".join([*cells, target[1], target[2], target[0], story, sentence, publisher, *["NA"] * 6])


def polecat(day="2018-06-01", source=US, target=CHINA, code="CONSULT", mode="visit", published=""):
    def party(country, name, sectors):
        office = "None" if sectors == "NA" else "GOV"
        return [name, CODES[country], "2", office, office, "None", name, "None"]

    cells = [f"{day}-1", day, code, mode, "1", "Verbal Cooperation", "diplomatic", *party(*source)]
    cells += [*party(*target), *["None"] * 10, "Paper", published or day, *["None"] * 4, "NGEC"]
    return "\t".join(cells)


def gdelt(day="2018-06-01", source=US, target=CHINA, code="040", url="https://paper.example/1", added=""):
    cells = [""] * 61
    cells[0], cells[1], cells[2] = "1", day.replace("-", ""), day.replace("-", "")[:6]
    for start, (country, name, sectors) in ((5, source), (15, target)):
        cells[start + 1], cells[start + 2] = name.upper(), CODES[country]
        cells[start + 7] = "" if sectors == "NA" else "GOV"
    cells[26], cells[59], cells[60] = code, (added or day).replace("-", "") + "120000", url
    return "\t".join(cells)


def headline(title, day="2018-06-01", address="https://paper.example/1"):
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow([day, title, address])
    return text.getvalue()


HEADERS = {icews: ICEWS_HEADER, polecat: POLECAT_HEADER, gdelt: None, headline: "date,headline,address"}


@pytest.fixture
def read(tmp_path):
    """Candidates of the lines of a feed in the layout of `make`, with the feed that counted them."""

    def made(lines, make=icews):
        path = tmp_path / "feed.tab"
        path.write_bytes("\n".join([*filter(None, [HEADERS[make]]), *lines, ""]).encode())
        feed = formats.recognised(path)
        return candidates.candidates(feed, SIDES, Ledger()), feed

    return made


class TestRealSample:
    """The ICEWS events of 1 and 2 June 2018, when Ross travelled to Beijing and Mattis spoke in Singapore."""

    @pytest.fixture
    def rows(self):
        return candidates.candidates(formats.recognised(SAMPLE), SIDES, LEDGER)

    def test_the_trip_is_one_candidate_with_its_count_and_publishers(self, rows):
        trips = [row for row in rows if "Ross" in row["description"] and not row["keep"]]
        assert [(row["kind"], row["actor"], row["rows"], row["stories"]) for row in trips] == [
            ("trade_talks", "both", "45", "18")
        ]
        assert trips[0]["publishers"].startswith("Reuters News, Associated Press Newswires")
        assert "2018-06-03-ross-beijing (seeds/signals.csv:" in trips[0]["near"]

    def test_the_ledgers_events_of_those_days_are_among_the_candidates(self, rows):
        days = date(2018, 6, 1), date(2018, 6, 3)
        known = [s.event_id for s in LEDGER.signals if days[0] <= s.event_date <= days[1]]
        found = [name for name in known if any(name in row["near"] for row in rows if not row["keep"])]
        assert known and found == known

    def test_a_hundred_rows_become_fifteen_candidates(self, rows):
        judged = [row for row in rows if not row["keep"]]
        assert sum(int(row["rows"]) for row in rows) == 101
        assert len(judged) == 15 and all(not row["strength"] for row in rows)

    def test_citizens_media_and_companies_are_set_aside_with_the_reason(self, rows):
        aside = [row["reason"] for row in rows if row["keep"] == "no"]
        assert len(aside) == 5 and all("has no office of state" in reason for reason in aside)
        assert rows[-5:] == [row for row in rows if row["keep"]]


class TestFormats:
    @pytest.mark.parametrize("make", [icews, polecat, gdelt])
    def test_a_visit_is_the_same_candidate_in_every_feed(self, read, make):
        envoy = ("United States", "Envoy", "Government")
        [row], feed = read([make(source=envoy, code="CONSULT" if make is polecat else "042")], make)
        assert (row["kind"], row["actor"], row["event_date"]) == ("envoy_meeting", "both", "2018-06-01")
        assert feed.rows == 1 and "visit" in row["description"]

    MEETING = ("USA; CHN", "Antony Blinken; Wang Yi", "GOV; GOV")
    NOBODY = ("None", "None", "None")
    SEVERAL = ("USA; FRA", "Joe Biden; Emmanuel Macron", "GOV; GOV")

    @pytest.mark.parametrize(
        "actor, recipient, code, description",
        [
            (MEETING, NOBODY, "CONSULT", "Antony Blinken and Wang Yi: talks"),
            (SEVERAL, ("CHN;RUS", "China;Russia", "None"), "ACCUSE", "Joe Biden on China: criticism"),
            (MEETING, NOBODY, "ACCUSE", None),
            (MEETING, ("RUS", "Russia", "None"), "CONSULT", None),
        ],
    )
    def test_several_parties_in_a_cell_are_told_apart(self, read, actor, recipient, code, description):
        names, cells = POLECAT_HEADER.split("\t"), polecat(code=code, mode="").split("\t")
        for role, party in (("Actor", actor), ("Recipient", recipient)):
            for part, cell in zip(("Country", "Name", "Sectors"), party):
                cells[names.index(f"{role} {part}")] = cell
        rows, feed = read(["\t".join(cells), polecat("2018-07-01")], polecat)
        assert [row["description"] for row in rows[:-1]] == [description][: len(rows) - 1]
        assert feed.other_pairs == (description is None)

    @pytest.mark.parametrize(
        "code, mode, kind",
        [
            ("SANCTION", "None", "economic_coercion"),
            ("SANCTION", "cancel", "contact_missed"),
            ("REJECT", "meet", "contact_missed"),
            ("COERCE", "None", "security_friction"),
            ("AGREE", "None", "official_statement"),
            ("CONCEDE", "None", "trade_delivery"),
        ],
    )
    def test_plover_types_and_modes_give_the_kind_of_the_codebook(self, read, code, mode, kind):
        assert [row["kind"] for row in read([polecat(code=code, mode=mode)], polecat)[0]] == [kind]

    @pytest.mark.parametrize("header", ["{}\t\t", "Event Text\t{}\tHeadline", "Headline\t{}"])
    def test_names_of_columns_that_no_row_has_are_left_out(self, tmp_path, header):
        path = tmp_path / "feed.tab"
        path.write_text(f"{header.format(POLECAT_HEADER)}\n{polecat()}\t\n")
        [row] = candidates.candidates(formats.recognised(path), SIDES, Ledger())
        assert (row["description"], row["publishers"]) == ("United States and China: visit", "Paper")

    def test_the_names_of_capitals_and_peoples_are_those_of_the_state(self, read):
        lines = [
            gdelt(
                source=("China", "Beijing", "NA"), target=("United States", "White House", "NA"), code="111"
            )
        ]
        lines += [gdelt(source=("China", "Shanghai", "NA"), target=US, code="112")]
        one, other = read(lines, gdelt)[0]
        assert one["description"] == "China on United States: criticism" and not one["keep"]
        assert "SHANGHAI has no office of state" in other["reason"]

    def test_the_source_names_the_publisher_of_its_own_address(self, read):
        """Not the one that tells the event most often."""
        addresses = ("https://first.example/1", "https://other.example/2", "https://other.example/3")
        lines = [gdelt(source=ROSS, code="042", url=url) for url in addresses]
        [row], _ = read(lines, gdelt)
        assert row["source"].endswith("first.example, 2018-06-01, https://first.example/1")
        assert row["publishers"] == "other.example and first.example"

    def test_headlines_are_read_with_other_names_and_separators(self, tmp_path):
        path = tmp_path / "list.csv"
        path.write_text("URL;Published;Title\nhttps://a.example/1;2018-06-01T10:00Z;Trump warns China\n\n")
        [row] = candidates.candidates(formats.recognised(path), SIDES, Ledger())
        assert (row["kind"], row["description"]) == ("official_statement", "Trump warns China")
        assert row["source"] == "a.example, 2018-06-01, https://a.example/1"

    @pytest.mark.parametrize(
        "text, expected",
        [
            ("", "the file is empty"),
            ("a,b\n1,2\n", "no known feed: found 2 columns separated by commas, beginning 'a,b'"),
            ("x\n", "no known feed: found one column"),
            ('date,"headline,address"\n', "no known feed: found 2 columns separated by commas"),
            (f"{'x' * 200_000},1\n", "no known feed: found"),
            ("\t".join("1" * 58), "no known feed: found 58 columns separated by tabs"),
            ("a,b\r1,2\r", "expected lines that end in a line feed"),
            (
                '"Event ID"\t"CAMEO Code"\n',
                "this looks like ICEWS: expected it as published, with tabs, no quotes",
            ),
            ("EVENT ID,EVENT MODE\n", "this looks like POLECAT: expected it as published, with tabs"),
            ("Event ID\tEvent Date\tCAMEO Code\n", "ICEWS has 20 columns, among them columns Story ID"),
        ],
    )
    def test_what_is_no_known_feed_says_what_was_found_and_what_is_known(self, tmp_path, text, expected):
        path = tmp_path / "feed.tab"
        path.write_text(text)
        [told] = problems_of(lambda: candidates.candidates(formats.recognised(path), SIDES, Ledger()))
        assert re.search(rf"feed.tab:1:\d: {re.escape(expected)}", told)
        assert "no known feed" not in told or "known are ICEWS" in told

    @pytest.mark.parametrize("code", ["51", "051"])
    def test_codes_that_lost_their_zeros_are_understood(self, read, code):
        assert read([icews(code=code)])[0][0]["description"].endswith("praise")

    CODES = [f"{root:02}{more}" for root in range(1, 21) for more in range(10)]
    CODES += ["0211", "0256", "0311", "0356", "0811", "0874", "1011", "1121", "1724", "2042"]

    def test_every_code_has_a_meaning_with_and_without_its_zeros(self):
        assert [kinds.whole_code(code.removeprefix("0")) for code in self.CODES] == self.CODES
        assert {kinds.meaning(code).kind for code in self.CODES} <= {"", *PARAMS.vocabulary["kinds"]}

    def test_kinds_are_those_of_the_codebook(self):
        codebook = (SEEDS / "README.md").read_text("utf-8")
        rows = re.findall(r"(?m)^\| `(\w+)` \| [^|]* \| ([^|]*\d[^|]*) \|", codebook)
        roots = {kind: cell.replace("01-03", "01 02 03") for kind, cell in rows}
        told = [(code[:2], said.kind) for code, said in kinds.CAMEO.items() if said.kind]
        assert [pair for pair in told if pair[0] not in roots[pair[1]]] == []


class TestWhatIsLeftOut:
    def test_events_of_other_pairs_and_at_home_are_counted(self, read):
        france = ("France", "France", "NA")
        rows, feed = read([icews(), icews(target=france, story="2"), icews(target=US, story="3")])
        assert len(rows) == 1 and (feed.rows, feed.other_pairs) == (3, 2)

    @pytest.mark.parametrize("make, key", [(polecat, "published"), (gdelt, "added")])
    def test_an_event_dated_long_before_its_publication_is_refused(self, read, make, key):
        rows, feed = read([make(), make("2017-06-01", **{key: "2018-06-01"})], make)
        assert len(rows) == 1 and feed.refused == 1

    @pytest.mark.parametrize("day, refused", [(31, 0), (32, 1), (-1, 1)])
    def test_a_month_is_not_long_and_no_event_follows_its_publication(self, read, day, refused):
        published = (date(2018, 6, 1) + timedelta(day)).isoformat()
        rows, feed = read([polecat(published=published)], polecat)
        assert feed.refused == refused
        assert [row["public_date"] for row in rows] == [published] * (1 - refused)

    @pytest.mark.parametrize("sectors", ["Media,Social", "Social,Business", "Dissident", "NA"])
    def test_whoever_holds_no_office_is_set_aside(self, read, sectors):
        [row], _ = read([icews(source=("United States", "Somebody", sectors), code="111")])
        assert row["keep"] == "no" and "Somebody has no office of state" in row["reason"]

    @pytest.mark.parametrize("code, what", [("042", "journey"), ("044", "journey"), ("046", "meeting")])
    def test_the_leaders_own_meeting_is_an_outcome(self, read, code, what):
        [row], _ = read([icews(source=TRUMP, target=XI, code=code)])
        assert row["keep"] == "no" and what in row["reason"] and "an occasion" in row["reason"]

    STATE_DEPARTMENT = "Government,Executive,Foreign Ministry"

    @pytest.mark.parametrize(
        "day, name, sectors, leads",
        [
            ("2012-09-04", "Hillary Clinton", STATE_DEPARTMENT, False),
            ("1998-06-25", "Bill Clinton", "Government,Executive Office", True),
            ("2011-08-17", "Joseph Biden", "Government,Executive Office", False),
            ("2014-11-10", "Barack Obama", "Government,Executive Office", True),
            ("2018-06-02", "Eric Trump", "Government", False),
            ("2018-06-02", "President (United States)", "Government", True),
            ("2018-06-02", "Head of Government (United States)", "Government", False),
        ],
    )
    def test_a_leader_is_one_of_that_day_by_name_or_office(self, read, day, name, sectors, leads):
        [row], _ = read([icews(day, ("United States", name, sectors), code="042")])
        assert row["keep"] == ("no" if leads else "")
        assert not leads or f"a leader's own journey or meeting ({name})" in row["reason"]

    @pytest.mark.parametrize(
        "source, target, code, kind, aside",
        [
            (TRUMP, XI, "041", "leader_call", ""),
            (TRUMP, XI, "036", "visit_planning", ""),
            (ROSS, CHINA, "041", "leader_call", "below the leaders"),
            (ROSS, XI, "040", "trade_talks", ""),
            (US, CHINA, "163", "economic_coercion", ""),
            (US, CHINA, "150", "security_friction", ""),
            (US, CHINA, "125", "contact_missed", ""),
            (US, CHINA, "0871", "trade_delivery", ""),
            (US, CHINA, "070", "", "no kind of the ledger has CAMEO root 07"),
        ],
    )
    def test_codes_and_parties_give_the_kind_of_the_codebook(self, read, source, target, code, kind, aside):
        [row], _ = read([icews(source=source, target=target, code=code)])
        assert row["kind"] == kind and aside in row["reason"] and bool(aside) == bool(row["keep"])


class TestFolding:
    def test_mirrored_rows_are_one_event_by_both(self, read):
        rows, _ = read([icews(code="0871"), icews(source=CHINA, target=US, code="0871")])
        assert [(row["actor"], row["rows"]) for row in rows] == [("both", "2")]

    def test_the_same_words_of_both_sides_in_two_sentences_are_two(self, read):
        mirrored = icews(source=CHINA, target=US, code="111", sentence="2")
        assert [row["actor"] for row in read([icews(code="111"), mirrored])[0]] == ["US", "CN"]

    def test_stories_of_a_person_and_of_their_ministry_are_one_event(self, read):
        ministry = ("United States", "Trade Ministry (United States)", ROSS[2])
        lines = [icews(source=ROSS, code="042"), icews("2018-06-03", ministry, story="2")]
        lines += [icews("2018-06-04", CHINA, ROSS, "043", "3", publisher="Other")]
        [row], _ = read(lines)
        assert (row["rows"], row["stories"], row["grade"]) == ("3", "3", "B1")
        assert (row["event_date"], row["public_date"]) == ("2018-06-01", "2018-06-01")

    def test_a_story_that_names_two_people_makes_their_events_one(self, read):
        liu = ("China", "Liu He", "Government")
        lines = [icews(source=ROSS), icews(source=liu, target=US, story="2")]
        assert len(read(lines)[0]) == 2
        assert len(read([*lines, icews(source=ROSS, target=liu, story="3")])[0]) == 1

    @pytest.mark.parametrize("days, events", [([0, 2, 4], 1), ([0, 3], 2), ([0, 2, 4, 6, 8], 2)])
    def test_an_event_has_no_gap_of_three_days_and_lasts_a_week_at_most(self, read, days, events):
        lines = [
            icews((date(2018, 6, 1) + timedelta(n)).isoformat(), ROSS, code="042", story=str(n)) for n in days
        ]
        assert len(read(lines)[0]) == events

    def test_two_envoys_with_one_host_are_two_events_and_one_envoy_with_two_hosts_is_one(self, read):
        mnuchin = ("United States", "Steven Mnuchin", ROSS[2])
        liu, wang = ("China", "Liu He", ROSS[2]), ("China", "Wang Yi", "Government")
        lines = [icews(source=ROSS, code="042"), icews(source=ROSS, target=liu, story="2")]
        lines += [icews(source=wang, target=ROSS, story="3"), icews(source=liu, target=mnuchin, story="4")]
        lines += [
            icews("2018-06-02", mnuchin, code="042", story="4"),
            icews(source=mnuchin, target=XI, story="5"),
        ]
        lines += [icews(source=XI, target=ROSS, story="5")]
        assert [row["rows"] for row in read(lines)[0]] == ["4", "3"]

    def test_rows_of_a_story_that_name_nobody_belong_to_the_person_it_tells_of(self, read):
        [row], _ = read([icews(source=ROSS), icews(), icews(sentence="2")])
        assert row["rows"] == "3"

    def test_praise_and_criticism_are_two(self, read):
        assert len(read([icews(source=ROSS, code="051"), icews(source=ROSS, code="111")])[0]) == 2

    def test_no_chain_of_headlines_leads_to_another_event(self, read):
        titles = [
            "Envoy warns China over chips",
            "Envoy warns China chips steel",
            "China warns over steel cars",
        ]
        days = ("2018-06-01", "2018-06-02", "2018-06-03")
        lines = [headline(title, day, f"https://a.example/{day}") for title, day in zip(titles, days)]
        assert [row["rows"] for row in read(lines, headline)[0]] == ["2", "1"]

    @pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
    def test_alike_headlines_are_one_event_in_any_order(self, read, order):
        titles = ["China slams tariffs", "China slams aluminium tariffs", "China slams aluminium tariff"]
        lines = [headline(titles[at], f"2018-06-0{1 + at // 2}", f"https://a.example/{at}") for at in order]
        assert [row["rows"] for row in read(lines, headline)[0]] == ["3"]

    def test_headlines_without_long_words_are_not_one_event(self, read):
        lines = [
            headline(title, address=f"https://a.example/{title[0]}") for title in ("Xi, US up", "EU, UK go")
        ]
        assert len(read(lines, headline)[0]) == 2

    @given(order=st.permutations(range(6)))
    def test_the_order_of_rows_changes_no_event(self, tmp_path_factory, order):
        lines = [icews("2018-06-01", ROSS, CHINA, "042", "1"), icews("2018-06-02", CHINA, ROSS, "043", "2")]
        lines += [icews("2018-06-01", US, CHINA, "111", "3"), icews("2018-06-02", CHINA, US, "111", "4")]
        lines += [icews("2018-06-01", US, CHINA, "163", "5"), icews("2018-06-09", ROSS, CHINA, "042", "6")]
        text = "\n".join([ICEWS_HEADER, *(lines[at] for at in order)])
        path = tmp_path_factory.mktemp("feed") / "feed.tab"
        path.write_text(text)
        rows = candidates.candidates(formats.recognised(path), SIDES, Ledger())
        found = Counter((row["kind"], row["event_date"], row["actor"], row["rows"]) for row in rows)
        assert found == Counter(
            {
                ("trade_talks", "2018-06-01", "both", "2"): 1,
                ("trade_talks", "2018-06-09", "both", "1"): 1,
                ("official_statement", "2018-06-01", "US", "1"): 1,
                ("official_statement", "2018-06-02", "CN", "1"): 1,
                ("economic_coercion", "2018-06-01", "US", "1"): 1,
            }
        )

    def test_headlines_that_share_half_of_their_words_are_one_event(self, read):
        lines = [
            headline("US envoy arrives in Beijing for talks with China", address="https://a.example/1"),
            headline("China talks: US envoy arrives in Beijing", address="https://b.example/1"),
            headline("US admiral visits China port", address="https://c.example/1"),
        ]
        assert [row["stories"] for row in read(lines, headline)[0]] == ["2", "1"]

    def test_of_two_events_that_share_as_much_the_first_in_the_alphabet_is_joined(self, read):
        """The order of a set differs from run to run; ten ties by chance alone would hardly all go so."""
        lines = []
        for tie in range(10):
            one, other = f"word{tie}a word{tie}b", f"word{tie}c word{tie}d"
            for day, words in (("01", other), ("01", one), ("02", f"{other} {one}")):
                address = f"https://a.example/{len(lines)}"
                lines.append(headline(f"US said of China: {words}", f"2018-06-{day}", address))
        rows, _ = read(lines, headline)
        joined = [row["description"] for row in rows if row["rows"] == "2"]
        assert joined == [f"US said of China: word{tie}a word{tie}b" for tie in range(10)]


class TestHeadlines:
    @pytest.mark.parametrize(
        "title, kind",
        [
            ("Trump cancels meeting with Xi", "contact_missed"),
            ("Xi will skip the G20, China says", "attendance"),
            ("Trump and Xi to meet in Korea", "summit_announced"),
            ("China invites Trump to parade", "invitation"),
            ("Trump and Xi talk by phone", "leader_call"),
            ("US and China hold a round of trade talks", "trade_talks"),
            ("US and China discuss plans for a summit", "visit_planning"),
            ("China foreign minister visits the US", "envoy_meeting"),
            ("US lifts curbs on China chip design tools", "trade_delivery"),
            ("US imposes new sanctions on China firms", "economic_coercion"),
            ("China protests US arms for Taiwan", "security_friction"),
            ("China urges US to correct its mistakes", "official_statement"),
        ],
    )
    def test_words_give_the_kind(self, read, title, kind):
        [row], _ = read([headline(title)], headline)
        assert (row["kind"], row["keep"]) == (kind, "")

    @pytest.mark.parametrize(
        "title, actor",
        [
            ("Beijing warns Washington over Taiwan", "CN"),
            ("US slaps sanctions on Chinese firms", "US"),
            ("Obama says China must act", "US"),
            ("US and China warn of a new virus", "both"),
            ("Chinese, US officials hold talks in Geneva, Switzerland", "both"),
        ],
    )
    def test_the_side_that_a_headline_names_first_acts(self, read, title, actor):
        [row], _ = read([headline(title)], headline)
        assert (row["actor"], row["keep"]) == (actor, "")

    @pytest.mark.parametrize(
        "title, reason",
        [
            ("France and China hold trade talks", "it names France, not both sides"),
            ("China shares close higher", "no kind of the ledger fits its words"),
            ("中国警告美国", "only words of English headlines are known"),
        ],
    )
    def test_what_fits_no_side_or_kind_is_set_aside(self, read, title, reason):
        [row], _ = read([headline(title)], headline)
        assert row["keep"] == "no" and reason in row["reason"]


class TestHostileFiles:
    @pytest.mark.parametrize(
        "title, shown",
        [
            ('=HYPERLINK("https://x.example";"China")', "'=HYPERLINK("),
            ("<b>China</b> warns <script>alert(1)</script>the US", "China warns alert(1) the US"),
            ("China warns&#x202e; the US", "China warns\\u202e the US"),
            ("China &amp; US " + "meet " * 60, "China & US meet"),
        ],
    )
    def test_titles_are_escaped(self, read, title, shown):
        [row], _ = read([headline(title)], headline)
        assert row["description"].startswith(shown) and len(row["description"]) <= 141
        assert not any(is_formula(cell) for cell in row.values())

    def test_an_address_keeps_its_characters(self, read):
        address = "https://a.example/?id=1&copy=2&section=3"
        for line, make in (
            (gdelt(url=address), gdelt),
            (headline("China warns US", address=address), headline),
        ):
            assert read([line], make)[0][0]["source"].endswith(f", {address}")

    @pytest.mark.parametrize(
        "url", ["javascript:alert(1)", "http://[bad", "https://a.example/<b>", "BBC Monitoring"]
    )
    def test_what_is_no_address_is_none(self, read, url):
        [row], feed = read([gdelt(url=url)], gdelt)
        assert row["source"].endswith("2018-06-01") and not feed.unreadable
        rows, feed = read([headline("China warns US", address=url), headline("China warns US")], headline)
        assert len(rows) == feed.unreadable == 1

    @pytest.mark.parametrize("make", [icews, gdelt])
    def test_names_and_publishers_are_no_formulas(self, read, make):
        envoy = ("United States", "=cmd|calc", "Government")
        [row], _ = read([make(source=envoy, code="111")], make)
        assert row["description"].startswith("'=") and not any(is_formula(cell) for cell in row.values())

    @pytest.mark.parametrize(
        "content, place, what",
        [
            (b"\xff\xfe1\x00", "1:1", "text in UTF-16"),
            (b"PK\x03\x04", "1:1", "a workbook"),
            (f"{ICEWS_HEADER}\n{icews()}\ncaf\xe9\n".encode("latin-1"), "3:4", "expected UTF-8 text"),
            (f"{ICEWS_HEADER}\n{icews()}\n\0\n".encode(), "3:1", "NUL"),
            (f"{ICEWS_HEADER}\n{'x' * 1_000_001}\n".encode(), "2:1", "expected lines of at most 1 MB"),
            (b'date,headline,address\n2018-06-01,"' + b"x" * 200_000, "2:1", "is a quote not closed?"),
            (
                b'date,headline,address\n2018-06-01,"x,y' + b"\nChina" * 100 + b'",z',
                "2:1",
                "a quote not closed?",
            ),
            (b"\x1f\x8b\x08", "1:1", "a gzip archive, to be unpacked first"),
        ],
        ids=["UTF-16", "workbook", "Latin-1", "NUL", "long line", "long cell", "open quote", "gzip"],
    )
    def test_a_file_that_is_no_text_is_refused_at_its_place(self, tmp_path, content, place, what):
        path = tmp_path / "feed.tab"
        path.write_bytes(content)
        [told] = problems_of(lambda: candidates.candidates(formats.recognised(path), SIDES, Ledger()))
        assert f"feed.tab:{place}" in told and what in told

    @given(
        changed=st.sampled_from(list(HEADERS)),
        at=st.integers(0, 60),
        cell=st.text('",;\t=<\u202e中a2', max_size=8),
        row=st.integers(0, 1),
    )
    def test_no_cell_is_a_fault_of_the_program(self, tmp_path_factory, changed, at, cell, row):
        made = changed("China warns US") if changed is headline else changed()
        lines = [HEADERS[changed] or made, made]
        separator = "," if changed is headline else "\t"
        cells = lines[row].split(separator)
        cells[at % len(cells)] = cell
        lines[row] = separator.join(cells)
        path = tmp_path_factory.mktemp("feed") / "feed.tab"
        path.write_text("\n".join(lines), "utf-8")
        try:
            rows = candidates.candidates(formats.recognised(path), SIDES, LEDGER)
        except InputError as error:
            assert "feed.tab:" in str(error)
        else:
            assert not any(is_formula(cell) for row in rows for cell in row.values())

    @pytest.mark.parametrize(
        "line, expected",
        [
            ("short\trow", "expected 20 cells separated by tabs; found 2"),
            (icews("01/06/2018"), "expected a day written YYYY-MM-DD"),
            (icews(code="999"), "expected a code of ICEWS; found '999'"),
        ],
    )
    def test_a_row_that_cannot_be_read_is_counted_and_its_place_told(self, read, line, expected):
        rows, feed = read([icews(), line, icews(story="2")])
        assert len(rows) == 1 and feed.unreadable == 1
        assert (feed.first_fault.line, expected in feed.first_fault.message) == (3, True)

    def test_a_failing_disk_is_told_with_the_file(self):
        assert "/proc/self/mem:1:1: cannot be read: " in problems_of(formats.recognised, "/proc/self/mem")[0]

    def test_a_feed_of_which_most_rows_cannot_be_read_is_refused(self, read):
        assert "2 of 3 rows cannot be read" in problems_of(read, [icews(), "x", "y"])[0]
        assert "the feed has no rows" in problems_of(read, [])[0]


class TestReview:
    """The way from a feed over a person's decisions to the ledger, by the command line."""

    @pytest.fixture
    def reviewed(self, tmp_path, capsys):
        """A file of candidates in which the first, a trip, is kept. They are later than the as-of day."""
        speaker = ("United States", "Mattis", "Military")
        citizen = ("United States", "Somebody", "Social")
        lines = [icews("2025-08-01", ROSS, code="042"), icews("2025-08-01", CHINA, ROSS, "043")]
        lines += [icews("2025-08-02", speaker, code="111", story="2")]
        lines += [icews("2025-08-02", citizen, code="111", story="3")]
        feed = tmp_path / "feed.tab"
        feed.write_text("\n".join([ICEWS_HEADER, *lines]))
        assert main(["add", "--from", str(feed)]) == 0
        assert "2  candidates" in capsys.readouterr().out
        path = tmp_path / "feed-candidates.csv"
        self.decide(path, keep="yes", strength="1")
        return path

    def decide(self, path, of="Ross", **cells):
        rows = list(csv.DictReader(path.open(encoding="utf-8", newline="")))
        for row in rows:
            if of in row["description"] and row["keep"] != "no":
                row.update(cells)
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, candidates.COLUMNS)
            writer.writeheader()
            writer.writerows(rows)

    def add(self, path, capsys):
        mine = path.with_name("mine.csv")
        code = main(["add", "--from", str(path), "--to", str(mine)])
        return code, mine, capsys.readouterr()

    def test_what_is_kept_is_appended_once(self, reviewed, capsys):
        code, mine, told = self.add(reviewed, capsys)
        assert code == 0 and "to undo, delete line 2 of" in told.err and "Trump and Xi" in told.out
        [row] = csv.DictReader(mine.open(encoding="utf-8"))
        assert (row["kind"], row["strength"], row["checked"]) == ("trade_talks", "1", "open")
        before = mine.read_bytes()
        code, mine, told = self.add(reviewed, capsys)
        assert code == 0 and f"already in the ledger: {row['event_id']}" in told.err
        assert mine.read_bytes() == before

    @pytest.mark.parametrize(
        "cells, expected",
        [
            ({"strength": ""}, r":2:\d+: strength: expected one of"),
            ({"keep": "perhaps"}, r":2:1: keep: expected yes, no or nothing; found 'perhaps'"),
            ({"keep": "", "strength": "-1"}, r":2:1: keep: expected yes or no, as this row has a strength"),
            (
                {"keep": "", "strength": ""},
                r":1:1: keep: expected yes in column keep of the rows to add; none of 3 rows",
            ),
            ({"grade": "Z9"}, r":2:\d+: grade: expected an Admiralty code"),
            ({"description": "=1+1"}, r":2:\d+: description: expected text that does not start like"),
        ],
    )
    def test_a_faulty_decision_is_told_at_its_cell_and_nothing_is_added(
        self, reviewed, capsys, cells, expected
    ):
        self.decide(reviewed, of="Mattis", keep="yes", strength="-1")
        self.decide(reviewed, of="Mattis", **(cells if "keep" in cells and not cells["keep"] else {}))
        self.decide(reviewed, **cells)
        code, mine, told = self.add(reviewed, capsys)
        assert code == 2 and not mine.exists()
        assert re.search(f"feed-candidates.csv{expected}", told.err), told.err

    def test_the_columns_that_help_to_decide_may_be_gone(self, reviewed):
        rows = list(csv.reader(reviewed.open(encoding="utf-8", newline="")))
        with reviewed.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows(row[: -len(candidates.HELP)] for row in rows)
        assert [row.values["strength"] for row in candidates.kept(reviewed)] == ["1"]

    def test_a_feed_of_other_pairs_writes_no_file(self, tmp_path, capsys):
        path = tmp_path / "feed.tab"
        path.write_text(f"{ICEWS_HEADER}\n{icews(target=('France', 'France', 'NA'))}\n")
        assert main(["add", "--from", str(path)]) == 1
        assert "no candidates, so no file is written" in capsys.readouterr().out
        assert list(tmp_path.iterdir()) == [path]

    def test_a_review_is_never_overwritten(self, reviewed, capsys):
        before = reviewed.read_bytes()
        assert main(["add", "--from", str(reviewed.with_name("feed.tab"))]) == 2
        assert "exists and may hold your review" in capsys.readouterr().err
        assert reviewed.read_bytes() == before

    @pytest.mark.parametrize(
        "options, expected",
        [
            (["--kind", "attendance"], "--kind: expected without --from"),
            (["--to", "x.csv"], "--to: expected only with reviewed candidates"),
            (["--json"], "--json: expected only with reviewed candidates"),
        ],
    )
    def test_options_that_a_feed_ignores_are_refused(self, options, expected, capsys):
        assert main(["add", "--from", str(SAMPLE), *options]) == 2
        assert expected in capsys.readouterr().err
        assert not SAMPLE.with_name("icews_2018_sample-candidates.csv").exists()

    def test_the_same_new_row_twice_is_a_fault(self, reviewed, capsys):
        lines = reviewed.read_text("utf-8").splitlines(keepends=True)
        reviewed.write_text("".join([*lines, next(line for line in lines if "yes" in line)]))
        code, mine, told = self.add(reviewed, capsys)
        assert code == 2 and "expected a row not added before" in told.err and not mine.exists()
