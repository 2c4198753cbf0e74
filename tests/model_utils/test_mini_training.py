"""Training the mini model, at a smoke size: reproducible, resumable, and learning."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace

import pytest
import torch
from typer.testing import CliRunner

from spotlight.model_utils import corpus, train_mini_model
from spotlight.model_utils.mini_model import HeadRole, load_mini_model
from spotlight.model_utils.mini_training import Batches, Recipe, Training, learning_rate
from spotlight.model_utils.train_mini_model import app

SMOKE = Recipe(seed=1, steps=6, text_rows=1, repeated_rows=1, sum_rows=1, paragraphs=40)


def test_a_step_s_rows_depend_on_the_seed_and_the_step_alone():
    batches = Batches(SMOKE, context=32)
    (inputs, targets), (again, _) = batches.at(3), Batches(SMOKE, context=32).at(3)
    assert torch.equal(inputs, again)
    assert not torch.equal(inputs, batches.at(4)[0])
    assert inputs.shape == targets.shape == (3, 32)


def test_targets_are_the_next_tokens_wherever_they_count():
    inputs, targets = Batches(SMOKE, context=32).at(0)
    following, wanted = inputs[:, 1:], targets[:, :-1]
    counts = wanted != -100
    assert torch.equal(following[counts], wanted[counts])


def test_what_nobody_could_predict_does_not_count():
    inputs, targets = Batches(
        Recipe(text_rows=0, repeated_rows=50, sum_rows=0, paragraphs=1), 32
    ).at(0)
    for row, target in zip(inputs.tolist(), targets.tolist(), strict=True):
        first = next(i for i, token in enumerate(target) if token != -100)
        assert target[:first] == [-100] * first
        assert -100 not in target[first:]
        assert row[first + 1 :] == row[: len(row) - first - 1]  # from there on it repeats


def test_text_rows_start_with_a_whole_paragraph():
    batches = Batches(Recipe(text_rows=20, sum_rows=0, repeated_rows=0, paragraphs=40), 48)
    starts = {text.split()[0] for text in corpus.paragraphs(0, 40)}
    tokens = batches.tokenizer.tokens(batches.at(0)[0][:, 0].tolist())
    assert {t for t in tokens if not t.isdigit()} <= starts


def test_the_rate_warms_up_and_ends_low():
    recipe = Recipe(steps=1000, peak_rate=1.0)
    rates = [learning_rate(recipe, step) for step in range(1000)]
    assert rates[0] == pytest.approx(0.01)
    assert max(rates) == pytest.approx(0.9, abs=0.01)
    assert rates[-1] == pytest.approx(0.02, abs=0.002)


def test_a_resumed_run_takes_the_very_steps_that_the_whole_one_takes(tmp_path):
    whole = Training(SMOKE)
    losses = [whole.advance() for _ in range(6)]

    first = Training(SMOKE)
    assert [first.advance() for _ in range(3)] == losses[:3]
    first.save(tmp_path / "half.checkpoint")
    second = Training.resumed(tmp_path / "half.checkpoint")
    assert [second.advance() for _ in range(3)] == losses[3:]
    for own, other in zip(whole.model.parameters(), second.model.parameters(), strict=True):
        assert torch.equal(own, other)


@pytest.mark.parametrize("content", [b"", b"no checkpoint", None], ids=["empty", "text", "none"])
def test_a_damaged_or_missing_checkpoint_is_told_by_its_name(tmp_path, content):
    path = tmp_path / "run.checkpoint"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=r"run\.checkpoint is no checkpoint of this training"):
        Training.resumed(path)


def test_a_few_steps_lower_the_loss():
    training = Training(
        Recipe(seed=0, steps=30, text_rows=2, repeated_rows=0, sum_rows=0, paragraphs=200)
    )
    losses = [training.advance() for _ in range(30)]
    assert sum(losses[-5:]) < 0.9 * sum(losses[:5])


def test_the_command_saves_what_it_trained_with_the_roles_that_were_measured(tmp_path, monkeypatch):
    roles = {"induction": HeadRole(1, 2, 0.5)}
    small = partial(Recipe, text_rows=1, repeated_rows=1, sum_rows=1, paragraphs=40)
    monkeypatch.setattr(train_mini_model, "Recipe", small)
    monkeypatch.setattr(train_mini_model, "measure_heads", lambda _: SimpleNamespace(roles=roles))
    out = tmp_path / "model.safetensors"
    result = CliRunner().invoke(app, ["train", str(out), "--steps", "2"])
    assert result.exit_code == 0, result.output
    assert load_mini_model(out).roles == roles
    assert list(tmp_path.iterdir()) == [out]  # no checkpoint is left behind


@pytest.mark.deep
def test_the_command_trains_a_model_that_loads_with_its_roles(tmp_path):
    out = tmp_path / "model.safetensors"
    result = CliRunner().invoke(app, ["train", str(out), "--steps", "2"])
    assert result.exit_code == 0, result.output
    mini = load_mini_model(out)
    assert set(mini.roles) == {"previous token", "induction", "referent"}
    assert list(tmp_path.iterdir()) == [out]  # no checkpoint is left behind


def test_the_command_says_when_there_is_nothing_to_resume(tmp_path):
    result = CliRunner().invoke(app, ["train", str(tmp_path / "model.safetensors"), "--resume"])
    assert result.exit_code == 2
    assert "is no checkpoint of this training" in result.output.replace("\n", " ")


def test_the_report_refuses_a_file_that_is_no_model(tmp_path):
    (tmp_path / "x.safetensors").write_bytes(b"nothing")
    result = CliRunner().invoke(app, ["report", str(tmp_path / "x.safetensors")])
    assert result.exit_code == 2
    assert "cannot be read from" in result.output.replace("\n", " ")
