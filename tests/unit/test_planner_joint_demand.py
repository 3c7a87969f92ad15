"""The demand of several models as one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_planner import Demand, FileForm
from aiops_planner.errors import UsageError
from aiops_planner.joint_demand import joined


def hourly(*rates, **changes):
    return Demand(classes=("requests",), rps=tuple((rate,) for rate in rates), **changes)


def test_each_model_becomes_a_class_of_its_own():
    found = joined({"chat": Demand.constant(30), "embed": Demand.constant(300)})
    assert (found.classes, found.rps, found.weights) == (("chat", "embed"), ((30, 300),), ())


def test_a_model_with_several_classes_keeps_them_apart():
    found = joined({"chat": Demand.of_classes({"short": 8, "long": 2}), "embed": Demand.constant(300)})
    assert (found.classes, found.rps) == (("chat.short", "chat.long", "embed"), ((8, 2, 300),))


def test_what_is_shorter_is_repeated_beside_the_longest():
    found = joined({"chat": Demand.constant(1), "embed": hourly(1, 2), "rank": hourly(5, 6, 7, 8)})
    assert found.rps == ((1, 1, 5), (1, 2, 6), (1, 1, 7), (1, 2, 8))


@given(
    st.lists(st.floats(0, 1e6), min_size=1, max_size=6),
    st.lists(st.floats(0, 1e6), min_size=1, max_size=6),
    st.integers(1, 3),
)
def test_the_mean_and_the_peak_of_every_model_stay_the_same(one, other, times):
    demands = {"one": hourly(*one * len(other) * times), "other": hourly(*other)}
    found = joined(demands)
    for number, demand in enumerate(demands.values()):
        rates = [row[number] for row in found.rps]
        assert max(rates) == demand.peak_rps
        assert sum(rates) / len(rates) == pytest.approx(demand.mean_rps)


def test_weights_hold_for_all_models():
    weighted = hourly(3, 4, weights=(5.0, 1.0))
    same = hourly(1, 2, weights=(10.0, 2.0))
    found = joined({"chat": Demand.constant(1), "embed": weighted, "rank": same})
    assert [weight / found.weights[1] for weight in found.weights] == pytest.approx([5, 1])
    assert found.mean_rps == pytest.approx(1 + weighted.mean_rps + same.mean_rps)


def test_days_that_are_alike_for_all_models_are_kept_once():
    workday, weekend = [5.0] * 24, [1.0] * 24
    week = FileForm(every_day=True)
    chat = Demand.from_csv(csv_of(*workday, *workday, *weekend), "chat.csv", week)
    embed = Demand.from_csv(csv_of(*workday, *workday, *workday), "embed.csv", week)
    found = joined({"chat": chat, "embed": embed})
    assert set(found.rps) == {(5, 5), (1, 5)}
    assert len(found.rps) == len(found.weights) == 48
    assert found.mean_rps == pytest.approx(chat.mean_rps + embed.mean_rps)
    assert found.basis[-1] == "3 days, of which 2 differ"


def csv_of(*rates):
    return "hour,requests\n" + "".join(f"{hour},{rate}\n" for hour, rate in enumerate(rates))


def test_a_day_goes_beside_days_that_come_more_or_less_often():
    days = hourly(1, 2, 3, 4, weights=(5, 5, 2, 2))
    found = joined({"days": days, "day": hourly(6, 8)})
    assert found.rps == ((1, 6), (2, 8), (3, 6), (4, 8))
    assert found.mean_rps == pytest.approx(days.mean_rps + 7)


@pytest.mark.parametrize(
    ("demands", "words"),
    [
        (
            {"a": hourly(1, 2, 3), "b": hourly(1, 2)},
            "the demand of b has 2 hours and that of a 3, which is no multiple",
        ),
        ({"a": hourly(1, 2, weights=(5, 1)), "b": hourly(1, 2)}, "the hours of a and b stand for different parts"),
        (
            {"a": hourly(1, 2, weights=(5, 1)), "b": hourly(1, 2, weights=(1, 5))},
            "the hours of a and b stand for different parts",
        ),
    ],
)
def test_refuses_hours_that_do_not_go_together(demands, words):
    with pytest.raises(UsageError, match=r"^capacity\.models: ") as refused:
        joined(demands)
    assert words in refused.value.message


def test_tells_how_the_rates_came_about_and_where_from():
    grown = Demand.constant(1).expected(growth=1.2)
    peaks = grown.expected(peak_factor=2)
    origin = Demand(classes=("requests",), rps=((1.0,),), origins={"requests": "aws/eu-west-1"})
    assert joined({"a": grown, "b": peaks}).basis == (
        "grown by 20 %",
        "b: 2 times as much for peaks within the hour",
    )
    assert joined({"a": origin, "b": grown}).origins == {"a": "aws/eu-west-1"}
