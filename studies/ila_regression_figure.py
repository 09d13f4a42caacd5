"""Figure of `ila_regression.py`: subsets about the fitted plane, and fitted against measured."""

from __future__ import annotations

from typing import Any

import numpy as np
from study import COLOURS, Study

Array = np.ndarray[Any, Any]


def draw_plane(
    study: Study,
    columns: dict[str, np.ndarray[Any, Any]],
    plane: dict[str, Any],
    *,
    seeds: np.ndarray[Any, Any],
) -> None:
    """Draw the paper's figure 3: subsets about the fitted plane, and fitted against measured."""
    from matplotlib import pyplot

    x, y, z = columns["depth"], columns["coverage"], columns["loss"]
    beta = plane["coefficients"]
    predicted = beta["intercept"] + beta["depth"] * x + beta["coverage"] * y
    figure = pyplot.figure(figsize=(9.5, 4.3))
    axis: Any = figure.add_subplot(1, 2, 1, projection="3d")
    across, along = np.meshgrid(np.linspace(x.min(), x.max(), 8), np.linspace(y.min(), y.max(), 8))
    flat = beta["intercept"] + beta["depth"] * across + beta["coverage"] * along
    axis.plot_surface(across, along, flat, color=COLOURS["ila"], alpha=0.25, linewidth=0)
    for a, b, low, high in zip(x, y, predicted, z, strict=True):
        axis.plot([a, a], [b, b], [low, high], color=COLOURS["random"], linewidth=0.7)
    axis.scatter(x, y, z, color=COLOURS["ila"], s=14, depthshade=False)
    axis.set_xlabel("log depth")
    axis.set_ylabel("log coverage")
    axis.set_zlabel("log dev loss")
    for side in (axis.xaxis, axis.yaxis, axis.zaxis):
        side.set_major_locator(pyplot.MaxNLocator(4))
    axis.view_init(elev=18, azim=-128)
    axis.set_box_aspect(None, zoom=0.72)
    beside = figure.add_subplot(1, 2, 2)
    beside.plot([z.min(), z.max()], [z.min(), z.max()], color=COLOURS["random"], linewidth=1)
    for seed, marker in zip(sorted(set(seeds.tolist())), "os^v", strict=False):
        is_seed = seeds == seed
        filled = COLOURS["ila"] if not seed else "none"
        beside.scatter(
            predicted[is_seed],
            z[is_seed],
            edgecolor=COLOURS["ila"],
            facecolor=filled,
            marker=marker,
            s=14,
            label=f"seed {seed}",
        )
    beside.legend()
    beside.set_xlabel("fitted log dev loss")
    beside.set_ylabel("measured log dev loss")
    beside.set_title(f"R² {plane['r2']:.3f}, leave-one-out {plane['loo_r2']:.3f}")
    study.picture(
        figure,
        caption=f"{len(z)} subsets of equal size (seeds a design: {study.seeds}) and the plane "
        "fitted to them; every subset is a point, so that their spread about the plane is "
        "seen.",
    )
