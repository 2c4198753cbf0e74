"""Lesson 05's small GPT: the same start for every attention, and measures that see the mask."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from spotlight.model_utils import mask_experiment
from spotlight.model_utils.gpt import GPT, causal_attention

TEXT = torch.arange(200) * 7 % 11


@pytest.fixture(scope="module")
def trained() -> tuple[GPT, list[float]]:
    return mask_experiment.train_small_gpt(TEXT, causal_attention, 11, 20, lambda *_: None)


def test_what_is_to_come_is_what_is_read_one_place_on():
    read, following = mask_experiment.windows(TEXT, 5, seed=3)
    assert read.shape == following.shape == (5, mask_experiment.CONTEXT)
    assert torch.equal(read[:, 1:], following[:, :-1])
    assert torch.equal(following, (read + 7) % 11)


def test_every_step_is_told_and_training_is_the_same_again(trained):
    told: list[tuple[int, float]] = []
    _, losses = mask_experiment.train_small_gpt(
        TEXT, causal_attention, 11, 20, lambda step, loss: told.append((step, loss))
    )
    assert losses == trained[1]
    assert told == list(enumerate(losses))
    assert losses[-1] < losses[0]


def test_a_text_goes_on_from_its_own_ids_and_leaves_them(trained):
    ids = [3, 10, 6]
    longer = mask_experiment.continued(trained[0], causal_attention, ids, count=30, seed=1)
    assert len(longer) == 33
    assert longer[:3] == ids == [3, 10, 6]


def test_with_the_mask_a_cut_piece_is_worth_the_whole_one(trained):
    whole, cut = (
        mask_experiment.loss_by_place(trained[0], causal_attention, TEXT, cut=cut)
        for cut in (False, True)
    )
    assert whole.shape == (mask_experiment.CONTEXT,)
    torch.testing.assert_close(whole, cut)


def test_without_the_mask_the_two_agree_at_the_last_place_alone(trained):
    whole, cut = (
        mask_experiment.loss_by_place(trained[0], scaled_dot_product_attention, TEXT, cut=cut)
        for cut in (False, True)
    )
    torch.testing.assert_close(whole[-1], cut[-1])
    assert not torch.isclose(whole[:-1], cut[:-1]).any()


def test_open_weights_are_one_matrix_a_head_with_rows_that_add_up_to_one(trained):
    weights = mask_experiment.open_weights(trained[0], [1, 8, 4, 0])
    assert weights.shape == (8, 4, 4)
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones(8, 4))


def test_from_the_embeddings_on_the_model_is_the_same(trained):
    model, ids = trained[0], torch.tensor([1, 8, 4, 0])
    through = mask_experiment.from_embeddings(model, causal_attention)
    x = (model.tok_emb(ids) + model.pos_emb(torch.arange(4))).detach()
    torch.testing.assert_close(model.lm_head(through(x)), model(ids[None])[0])
