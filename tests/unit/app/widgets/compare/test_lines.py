"""A comparison as lines: seeds fold into one, runs on other pictures stand apart, numbers line up."""

import pytest

from app.widgets.compare.lines import (
    apart,
    best_of,
    decimals,
    lines_of,
    names_in_differences,
    scale_of,
    short_titles,
    time_unit,
    written,
)
from tests.gui.comparisons import comparison, row, three_modes, three_seeds


def test_that_seeds_stand_below_a_line_with_their_means():
    told = three_seeds()
    lines = lines_of(told)
    assert [(line.is_group, line.group != "") for line in lines] == 3 * [(True, False), *3 * [(False, True)]]
    group, members = lines[0], lines[1:4]
    assert group.metric == told.groups[0].metric
    assert group.runs == tuple(line.key for line in members)
    assert group.kwh == pytest.approx(sum(line.kwh for line in members) / 3)
    assert {line.look for line in lines[:4]} == {0}
    assert [line.seed for line in members] == [0, 1, 2]


def test_that_a_run_without_seeds_beside_it_is_a_line_of_its_own():
    lines = lines_of(three_modes())
    assert [line.key for line in lines] == [one.run for one in three_modes().rows]
    assert [line.look for line in lines] == [0, 1, 2]
    assert all(line.is_estimate for line in lines)


def test_that_the_few_on_other_pictures_stand_apart():
    rows = [row(1, 0.5), row(2, 0.6), row(9, 0.9, test_set="other"), row(10, None)]
    assert apart(comparison(rows)) == {rows[2].run}


def test_that_of_as_many_the_older_stand_apart():
    rows = [row(1, 0.5, test_set="old"), row(2, 0.6)]
    assert apart(comparison(rows)) == {rows[0].run}
    assert apart(comparison(rows[:1])) == set()
    assert apart(comparison([row(3, None)])) == set()


def test_that_the_scale_is_in_whole_tenths_around_all_intervals():
    lines = lines_of(comparison([row(1, 0.62, half=0.07), row(2, 0.7, half=0.1)]))
    assert scale_of(lines) == (0.5, 0.8)
    assert scale_of([]) == (0.0, 1.0)
    assert scale_of(lines_of(comparison([row(1, 1.0, half=0.0)]))) == (0.9, 1.0)


@pytest.mark.parametrize(("longest", "unit"), [(5, "s"), (120, "s"), (121, "min"), (36_000, "min"), (50_000, "h")])
def test_that_times_are_in_a_unit_that_suits_the_longest(longest, unit):
    assert time_unit(longest)[0] == unit


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ((1234.5, 250.0, None), ["1,234", "250", "–"]),
        ((12.25, 3.0), ["12.2", "3.0"]),
        ((0.25, 9.0), ["0.25", "9.00"]),
        ((0.0123, 0.5), ["0.012", "0.500"]),
        ((None,), ["–"]),
    ],
)
def test_that_a_column_has_as_many_decimals_as_its_smallest_value_needs(values, texts):
    assert [written(value, decimals(values)) for value in values] == texts


def test_that_the_best_is_marked_only_where_values_differ():
    lines = lines_of(three_modes())
    assert best_of(lines, lambda line: line.metric.value, highest=True) == {lines[2].key}
    assert best_of(lines, lambda line: line.seconds, highest=False) == {lines[1].key}
    assert best_of(lines, lambda line: line.size_mb, highest=False) == set()
    assert best_of(lines[:1], lambda line: line.seconds, highest=False) == set()


def test_that_groups_and_not_their_seeds_compete_for_the_best():
    lines = lines_of(three_seeds())
    best = best_of(lines, lambda line: line.metric.value, highest=True)
    assert best == {line.key for line in lines if line.is_group and line.mode == "finetune"}


def test_that_titles_leave_out_what_all_have_in_common():
    modes = lines_of(three_modes())
    assert list(short_titles(modes).values()) == ["5 · From scratch", "6 · Transfer", "7 · Fine-tune"]
    models = lines_of(comparison([row(1, 0.5, mode="scratch", model="a"), row(2, 0.6, mode="scratch", model="b")]))
    assert list(short_titles(models).values()) == ["1 · a", "2 · b"]


def test_that_differences_name_runs_by_words_or_else_by_numbers():
    assert list(names_in_differences(lines_of(three_modes())).values()) == ["From scratch", "Transfer", "Fine-tune"]
    twice = comparison([row(4, 0.5, mode="scratch", test_set="a"), row(5, 0.6, mode="scratch", test_set="b")])
    assert list(names_in_differences(lines_of(twice)).values()) == ["4", "5"]
    seeds = three_seeds()
    assert set(names_in_differences(lines_of(seeds))) == {group.runs[0] for group in seeds.groups}
