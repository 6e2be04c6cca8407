"""Pairing rows with columns so that the sum of the costs is the least there is. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def assign(costs: NDArray[np.float64]) -> list[int]:
    """Return a column for every row, no column twice, so that their costs sum to the least.

    Rows join one by one, each along the cheapest chain of rows that give way to one another;
    prices on rows and columns keep every cost not negative, so that the chain is a shortest path.

    Args:
        costs: ``(R, C)`` float64, finite, R at most C.
    """
    rows, columns = costs.shape
    row_price, column_price = np.zeros(rows), np.zeros(columns)
    holder = np.full(columns, -1)
    column_of = np.full(rows, -1)
    for row in range(rows):
        length = costs[row] - row_price[row] - column_price
        via = np.full(columns, row)
        settled = np.zeros(columns, np.bool_)
        while True:
            column = int(np.argmin(np.where(settled, np.inf, length)))
            if holder[column] < 0:
                break
            settled[column] = True
            other = holder[column]
            longer = length[column] + costs[other] - row_price[other] - column_price
            better = ~settled & (longer < length)
            length[better], via[better] = longer[better], other
        saved = length[column] - length[settled]
        row_price[row] += length[column]
        row_price[holder[settled]] += saved
        column_price[settled] -= saved
        while column >= 0:
            giver = int(via[column])
            holder[column] = giver
            column_of[giver], column = column, int(column_of[giver])
    return [int(column) for column in column_of]
