"""The figures of `bench/language.py`, and the fit behind the weights, do what they say."""

import numpy as np

from bench.calibrate_language import fit, softmax
from bench.language import accuracy, cover, shares
from bench.language_texts import Text


def text(lang: str, bucket: str = "2-3") -> Text:
    """Make a labelled text; its words do not matter here."""
    return Text(text="", lang=lang, bucket=bucket, variant="plain", source="hand")


TEXTS = [text("en"), text("und"), text("pl"), text("pl", "1"), text("ro")]
FOUND = [("en", 0.9, True), ("pl", 0.6, True), ("pl", 0.9, True), ("sk", 0.7, True), ("ro", 0.8, False)]


def test_right_labels_are_counted_in_each_group_and_texts_without_language_in_none() -> None:
    right = dict(accuracy(TEXTS, FOUND))
    assert right["all"] == 0.75
    assert right["length 1"] == 0
    assert right["language pl"] == 0.5
    assert "language und" not in right


def test_switches_are_told_apart_by_whom_they_would_hurt() -> None:
    assert shares(TEXTS, FOUND, 0.0) == (1 / 2, 1 / 3, 1 / 3)
    assert shares(TEXTS, FOUND, 0.8) == (0, 0, 1 / 3)


def test_what_could_be_switched_is_counted_where_both_mistakes_stay_rare() -> None:
    assert cover(TEXTS, FOUND) == 1 / 3
    assert cover(TEXTS, [("pl", 1.0, True)] * 5) == 0


def test_the_fit_finds_which_measure_can_be_trusted() -> None:
    random = np.random.default_rng(0)
    target = random.integers(0, 3, 300)
    telling = np.eye(3)[target] + random.normal(0, 0.3, (300, 3))
    idle = random.normal(0, 1, (300, 3))
    bias = np.broadcast_to(np.eye(3), (300, 3, 3))
    design = np.concatenate([telling[..., None], idle[..., None], bias, np.zeros((300, 3, 3))], axis=2)
    weights = fit(design, target, 3)
    assert weights[0] > 5 * abs(weights[1])
    assert (softmax(design @ weights).argmax(1) == target).mean() > 0.9
