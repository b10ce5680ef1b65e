"""Metrics against counts made by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix as sklearn_confusion_matrix
from sklearn.metrics import precision_recall_fscore_support

from skelflow.errors import ConfigError
from skelflow.evaluation.metrics import class_table, confusion_matrix, top_k_accuracy

TRUTH = np.array([0, 0, 1, 1, 1, 3], np.int64)
PREDICTED = np.array([0, 1, 1, 1, 3, 1], np.int64)


def test_top_k_accuracy_counts_by_hand() -> None:
    probabilities = np.array([[0.5, 0.3, 0.2], [0.1, 0.3, 0.6], [0.2, 0.5, 0.3], [0.4, 0.35, 0.25]])
    truth = np.array([0, 1, 0, 2], np.int64)
    found = [top_k_accuracy(probabilities, truth, k=k) for k in (1, 2, 3, 5)]
    assert found == [0.25, 0.5, 1.0, 1.0]


def test_top_k_accuracy_breaks_ties_by_index() -> None:
    alike = np.full((4, 4), 0.25)
    assert top_k_accuracy(alike, np.array([0, 1, 2, 3], np.int64), k=1) == 0.25


def test_top_k_accuracy_refuses_k_below_one() -> None:
    with pytest.raises(ConfigError, match="k must be at least 1"):
        top_k_accuracy(np.eye(2), np.array([0, 1], np.int64), k=0)


@given(st.integers(0, 2**32 - 1))
def test_top_k_accuracy_never_falls_with_k(seed: int) -> None:
    random = np.random.default_rng(seed)
    probabilities, truth = random.uniform(size=(9, 6)), random.integers(0, 6, 9)
    found = [top_k_accuracy(probabilities, truth, k=k) for k in range(1, 7)]
    assert found == sorted(found)
    assert found[-1] == 1.0


def test_confusion_matrix_has_true_classes_in_rows() -> None:
    expected = [[1, 1, 0, 0], [0, 2, 0, 1], [0, 0, 0, 0], [0, 1, 0, 0]]
    assert confusion_matrix(PREDICTED, TRUTH, classes=4).tolist() == expected


def test_class_table_counts_by_hand() -> None:
    names = ("wave", "bowl", "sit", "kick")
    wave, bowl, sit, kick = class_table(PREDICTED, TRUTH, actions=(4, 5, 8, 9), names=names)
    assert (wave.action, wave.name, wave.sequences, wave.correct) == (4, "wave", 2, 1)
    assert (wave.recall, wave.precision, wave.confused_with) == (0.5, 1.0, "bowl")
    assert (bowl.recall, bowl.precision, bowl.confused_with) == (2 / 3, 0.5, "kick")
    assert (sit.sequences, sit.recall, sit.confused_with) == (0, 0.0, "")
    assert (kick.recall, kick.f1, kick.confused_with) == (0.0, 0.0, "bowl")


@given(st.integers(0, 2**32 - 1))
def test_class_table_agrees_with_scikit_learn(seed: int) -> None:
    random, classes = np.random.default_rng(seed), 5
    truth, predicted = random.integers(0, classes, (2, 9))
    labels = np.arange(classes)
    expected = precision_recall_fscore_support(truth, predicted, labels=labels, zero_division=0.0)
    rows = class_table(predicted, truth, actions=labels.tolist(), names=[*"abcde"])
    found = [(row.precision, row.recall, row.f1, row.sequences) for row in rows]
    np.testing.assert_array_equal(found, np.transpose(expected))
    counts = sklearn_confusion_matrix(truth, predicted, labels=labels)
    np.testing.assert_array_equal(confusion_matrix(predicted, truth, classes=classes), counts)
