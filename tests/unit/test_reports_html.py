"""The page is one file that needs nothing else, says everything, and lets no one else's markup through."""

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import Phase, given, settings

from aiops_reports.chart_style import COLOURS
from aiops_reports.definitions import DEFINITIONS
from aiops_reports.html import render_page
from aiops_reports.point_tables import tables_of
from aiops_reports.record import CommitReport, FailedTest
from support import reports_curves as curves
from support import reports_samples as samples
from support.reports_strategies import values_of

PAGE = render_page(samples.sample_report())
STREAMED_PAGE = render_page(replace(samples.sample_report(), benchmarks=(curves.streamed_benchmark(),)))
VOID = {"meta", "br", "hr", "img", "link", "input"}


class Reader(HTMLParser):
    """Collects tags, attributes and words, and checks that every tag is closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(" ".join(data.split()))

    @property
    def text(self) -> str:
        return " ".join(self.words)


@pytest.mark.parametrize(
    "make", [samples.sample_report, samples.failed_report, samples.infeasible_report, samples.partial_report]
)
def test_pages_are_well_formed_and_ask_for_nothing(make: Callable[[], CommitReport]) -> None:
    page = render_page(make())
    reader = Reader(page)
    assert not {"script", "link", "iframe", "object", "img"} & set(reader.tags)
    links = [value for _, name, value in reader.attributes if name in ("href", "src", "xlink:href", "action")]
    assert all(link.startswith("#") for link in links)
    assert not re.search(r"@import|url\((?!#)", page)


def test_ids_are_unique_and_every_link_has_its_target() -> None:
    reader = Reader(PAGE)
    ids = [value for _, name, value in reader.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    links = {value[1:] for tag, name, value in reader.attributes if tag == "a" and name == "href"}
    assert {"verdict", "tests", "benchmarks", "plan", "environment", "stages"} == links <= set(ids)
    clips = set(re.findall(r"url\(#([^)]+)\)", PAGE)) | set(re.findall(r'xlink:href="#([^"]+)"', PAGE))
    assert clips <= set(ids)


def test_pictures_have_a_name_and_tables_a_caption() -> None:
    reader = Reader(PAGE)
    assert reader.tags.count("svg") == 4
    labels = [value for tag, name, value in reader.attributes if tag == "svg" and name == "aria-label"]
    assert labels[0].startswith("Response time against throughput of classify at 11 load points; the knee is at 753/s")
    assert reader.tags.count("table") == reader.tags.count("caption")
    assert [tag for tag in reader.tags if tag in ("h1", "h2")] == ["h1", *["h2"] * 6]


def test_charts_take_their_colours_from_the_page() -> None:
    charts = "".join(re.findall(r"<svg.*?</svg>", PAGE, re.DOTALL))
    assert "var(--chart-blue)" in charts
    assert not re.search(r"#[0-9a-f]{6}\b", charts)
    for name in COLOURS:
        assert len(re.findall(rf"--chart-{name}: #", PAGE)) == 2, f"{name} needs a light and a dark value"


@pytest.mark.parametrize(
    "words",
    [
        "753/s", "3.12 ms", "241 k/s²", "95 %: 231 k/s² to 252 k/s²", "95 %: 771/s to 864/s",
        "within p99 ≤ 50 ms and errors ≤ 0.1 %", "$192", "14 tests passed",
        "42 of 4,500", "38 × status 503", "the generator used 84 % of its core", "2,000/s", "3-year commitment",
        "640/s (estimated ± 30 %)", "Prices are a dated snapshot: AWS of 2025-11-18", "more than 32 vCPUs",
        "Base and head were not compared", "AMD EPYC 7763", "faster-preprocessing", "HiGHS 1.9.0", "aiops/report/1",
    ],
)  # fmt: skip
def test_everything_that_was_found_is_on_the_page(words: str) -> None:
    assert words in Reader(PAGE).text


def test_the_table_of_load_points_groups_its_rows_by_loop_and_keeps_notes_out_of_the_columns() -> None:
    """A column of notes is what made the table wider than the page."""
    reader = Reader(PAGE)
    assert "Closed loop: each client sends when its last answer came" in reader.text
    assert "Open loop: requests leave at an offered rate and never wait (Poisson arrivals)" in reader.text
    notes = re.findall(r'<td class="note" colspan="14">(.*?)</td>', PAGE)
    assert notes == [
        "largest measured power",
        "invalid: the generator used 84 % of its core",
        "capacity",
        "misses the objective; 38 × status 503; 4 × timeout",
    ]
    assert PAGE.count('rowspan="2"') == len(notes)
    definition = "Share of one core that each process of the load generator used"
    assert f'<abbr title="{definition}">generator</abbr>' in PAGE


def test_every_column_has_a_definition_and_an_invalid_row_is_struck_through_in_every_table() -> None:
    heads = re.findall(r'<th scope="col" class="n"><abbr title="([^"]+)">([^<]+)</abbr></th>', STREAMED_PAGE)
    columns = [column for table in tables_of(curves.streamed_benchmark()) for column in table.columns]
    assert [head for _, head in heads] == [column.head for column in columns]
    assert {column.name for column in columns} <= set(DEFINITIONS)
    assert PAGE.count('class="noted invalid"') == 1
    assert PAGE.count('class=" invalid"') == len(tables_of(samples.sample_benchmark())) - 1


@pytest.mark.parametrize(
    "words",
    [
        "The maximum of the soft-min curve", "2.1 % of throughput", "238 k/s² with 2 requests in flight",
        "contention α 0.118, coherency β 0.0061", "connect 120 µs, first byte 2.81 ms, last byte 2.90 ms",
        "1.04 ms CPU a request", "58.6 MiB its memory", "three views of one measurement",
        "counts from the moment a request was due", "9 steady, 1 warmed up late and 1 never steady",
    ],
)  # fmt: skip
def test_how_far_to_trust_the_figures_is_on_the_page(words: str) -> None:
    assert words.lower() in Reader(PAGE).text.lower()


def test_streamed_answers_have_a_table_and_a_chart() -> None:
    text = Reader(STREAMED_PAGE).text
    for part in ("Streamed answers", "intended TTFT p99", "TPOT p50", "ITL p99", "1,440/s", "86,400", "1 × NVIDIA L4"):
        assert part in text
    assert "no usage" not in text.partition("What the columns mean")[0]
    assert "Streamed answers" not in PAGE


def test_results_of_other_tools_name_their_tool_and_leave_the_rest_blank() -> None:
    text = Reader(render_page(replace(samples.sample_report(), benchmarks=(curves.imported_benchmark(),)))).text
    assert "wrk 4.1.0, imported; what it does not say is left blank" in text
    assert "too few requests" not in text.partition("Before you rely")[2].partition("What the columns mean")[2]


def test_notes_stand_in_the_section_they_belong_to_so_that_charts_come_early() -> None:
    report = samples.sample_report()
    noted = replace(report, benchmarks=(replace(report.benchmarks[0], notes=("the ladder ended early",)),))
    verdict, _, benchmark, plan, environment = render_page(noted).split('<section id="')[1:6]
    assert verdict.count("<li>") == 3
    assert "<li>The ladder ended early.</li>" in benchmark
    assert "<li>Prices are a dated snapshot" in plan
    assert "<li>Client and server shared the cores of this machine.</li>" in environment


def test_what_is_missing_is_explained() -> None:
    report = replace(samples.partial_report(), checks=None, benchmarks=(), commit=None)
    text = Reader(render_page(report)).text
    assert "The tests were not run" in text
    assert "Nothing was measured: stopped by Ctrl-C after 3 load points; they are kept." in text
    assert "No fleet was planned: the benchmarks did not finish." in text
    assert "The directory is no git repository." in text


def test_a_refusal_is_shown_with_its_reasons() -> None:
    text = Reader(render_page(samples.infeasible_report())).text
    assert "The budget of 100 USD/month collides with the demand of 200,000 requests/s." in text
    assert "The limits allow 3.4 % of the demand." in text


def test_cost_by_hour_is_drawn_when_the_demand_has_hours() -> None:
    page = render_page(replace(samples.sample_report(), plan=samples.hourly_plan()))
    assert "Cost by hour" in page
    assert "0 to 3" in Reader(page).text
    assert "Planned for up to 2,000/s, 1,200/s on average over 24 hours." in Reader(page).text


def test_no_field_becomes_markup() -> None:
    bad = "</style></svg><script>alert(1)</script>\"'><img src=x>\udce9"
    report = samples.failed_report()
    assert report.checks is not None
    hostile = replace(
        report,
        service=bad,
        commit=replace(samples.sample_commit(), subject=bad, branch=bad, build_url=f"javascript:{bad}"),
        checks=replace(report.checks, command=bad, failures=(FailedTest(name=bad, kind="error", message=bad),)),
        benchmarks=(replace(samples.sample_benchmark(), name=bad, target=bad, notes=(bad,)),),
        notes=(bad,),
    )
    reader = Reader(render_page(hostile))
    assert not {"script", "img"} & set(reader.tags)
    assert not [value for _, _, value in reader.attributes if value.startswith("javascript")]


@given(report=values_of(CommitReport))
@settings(max_examples=8, deadline=None, phases=[Phase.generate])
def test_any_report_becomes_a_well_formed_page(report: CommitReport) -> None:
    Reader(render_page(report))
