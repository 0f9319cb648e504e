"""Ratios over clusters from sums around an origin, so that values far from zero keep the digits of their variance.

A mean over units is, over clusters, the ratio Σy / N. Of values around 10⁹ the sums Σy vary mostly with the clusters'
sizes, and Σy − R·N, whose variance is wanted, is what is left when numbers 10¹⁸ times larger cancel. So sums are taken
of y − c, and of them the moments of Σy − R₀·Σd are formed, R₀ the ratio in all arms together; R is then R₀ plus the
ratio of what is left (the linearisation of Deng, Knoblich & Lu 2018 around R₀ instead of 0).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analytics_lib.experiments.metrics import over_clusters
from analytics_lib.model.aggregation import SIZE
from analytics_lib.model.moment_table import ClusterMoments

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from analytics_lib.model.aggregation import MomentAnswer

    Floats = NDArray[np.float64]


def moments_of(answer: MomentAnswer) -> ClusterMoments:
    """Return an answer's moments over clusters; those of a source that knows no origin are around zero."""
    if answer.clusters is not None:
        return answer.clusters
    return ClusterMoments(answer.table, np.zeros(len(answer.table.columns)))


def ratios(
    clusters: ClusterMoments, roles: Mapping[str, str]
) -> tuple[tuple[str, ...], tuple[Floats, Floats, Floats], Floats]:
    """Return the moments of a metric's ratios over clusters.

    Parameters
    ----------
    clusters
        R groups' moments around an origin.
    roles
        The metric's variables over units, and their columns.

    Returns
    -------
    tuple
        The V variables over clusters; counts (R,), means (R, V) and centred products (R, V, V) of Σy − R₀·Σd for what
        is divided, and of Σd for what it is divided by; R₀ for each variable, (V,), 0 for the latter.
    """
    used = over_clusters(roles, SIZE)
    table, names = clusters.table, tuple(used)
    columns = list(dict.fromkeys((*used.values(), SIZE)))
    at = np.array([table.columns.index(column) for column in columns], dtype=np.intp)
    n, mean = table.n, table.mean[:, at]
    products = table.comoment[:, at[:, None], at]
    plain = np.eye(len(columns))  # from sums around the origin to plain sums
    plain[:, columns.index(SIZE)] += clusters.origin[at]
    known = (n > 0) & np.isfinite(mean).all(axis=1)
    total = plain @ (n[known] @ mean[known])
    place = {name: columns.index(column) for name, column in used.items()}
    change, origin = np.empty((len(names), len(columns))), np.zeros(len(names))
    for row, name in enumerate(names):
        change[row] = plain[place[name]]
        if name not in ("d", "xd"):
            below = place["xd" if name.startswith("x") else "d"]
            origin[row] = total[place[name]] / total[below] if total[below] else 0.0
            change[row] -= origin[row] * plain[below]
    return names, (n, mean @ change.T, np.asarray(change @ products @ change.T)), origin
