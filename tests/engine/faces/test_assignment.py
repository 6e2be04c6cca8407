from itertools import permutations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.faces.assignment import assign

costs = st.integers(0, 4).flatmap(
    lambda rows: st.integers(rows, 6).flatmap(
        lambda columns: st.lists(
            st.lists(st.integers(-3, 9), min_size=columns, max_size=columns),
            min_size=rows,
            max_size=rows,
        ).map(lambda lists: np.array(lists, float).reshape(rows, columns))
    )
)


@given(costs)
def test_when_rows_are_paired_then_no_other_way_costs_less(matrix):
    rows, columns = matrix.shape
    chosen = assign(matrix)
    assert len(chosen) == len(set(chosen)) == rows
    ways = permutations(range(columns), rows)
    least = min(sum(matrix[row, at] for row, at in enumerate(way)) for way in ways)
    assert sum(matrix[row, at] for row, at in enumerate(chosen)) == least


def test_when_the_cheapest_pair_would_cost_the_others_dear_then_it_is_not_taken():
    assert assign(np.array([[1.0, 2.0], [2.0, 9.0]])) == [1, 0]
