import pandas as pd
from cluster_examples import over_years

from spatial_coagg.autocorrelation.transitions import (
    ClassTransitions,
    class_transitions,
)
from spatial_coagg.report.transition_figures import draw_transitions


def test_cells_write_shares_and_counts() -> None:
    moves = class_transitions(over_years())
    axes = draw_transitions(moves).axes[0]
    texts = [text.get_text() for text in axes.texts]
    assert len(texts) == moves.counts.size
    count = moves.counts.iloc[0, 0]
    assert texts[0] == f"{100 * moves.probabilities.iloc[0, 0]:.0f} %\n{count}"


def test_rare_moves_are_no_zeros_and_absent_ones_are_dots() -> None:
    counts = pd.DataFrame([[1000, 1], [0, 0]], ["HH", "LL"], ["HH", "LL"])
    shares = counts.div([1001.0, float("nan")], axis="index")
    stayers = pd.Series([1000 / 1001, float("nan")], counts.index)
    moves = ClassTransitions("x", 2, counts, shares, stayers, pd.DataFrame(), stayers)
    axes = draw_transitions(moves, title="Moves").axes[0]
    assert [text.get_text() for text in axes.texts] == [
        "100 %\n1,000",
        "< 1 %\n1",
        "·",
        "·",
    ]
    chinese = draw_transitions(moves, lang="zh").axes[0]
    told = [text.get_text().split("\n")[0] for text in chinese.texts]
    assert told == ["100%", "< 1%", "·", "·"]
    rows = [label.get_text() for label in axes.get_yticklabels()]
    assert rows == ["HH\n1,001 moves", "LL\n0 moves"]
    assert axes.get_xlabel() == "class 2 years later"
