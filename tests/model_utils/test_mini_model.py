"""The mini model that ships: what it loads as, what it knows, and files that are none."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
import torch
from safetensors.torch import save_file

from spotlight.model_utils import corpus, mini_model
from spotlight.model_utils.gpt import GPT, GPTConfig
from spotlight.model_utils.head_scores import (
    copying_accuracy,
    induction_scores,
    previous_token_scores,
    referent_scores,
    repeated_random_tokens,
    sum_accuracy,
)
from spotlight.model_utils.hooks import with_attention
from spotlight.model_utils.mini_model import (
    WEIGHTS,
    HeadRole,
    MiniModel,
    load_mini_model,
    save_mini_model,
)
from spotlight.model_utils.mini_report import measure_heads
from spotlight.model_utils.mini_training import MINI

REPORT = WEIGHTS.with_name("mini_model_report.md")
TIRED = "The cat sat on the mat because it was tired. The tired one is the"
SOFT = TIRED.replace("tired", "soft")


@pytest.fixture(scope="module")
def mini() -> MiniModel:
    return load_mini_model()


def test_it_is_small_enough_to_ship_and_of_the_architecture_that_the_lessons_build(mini):
    assert WEIGHTS.stat().st_size <= 8_000_000
    parameters = sum(parameter.numel() for parameter in mini.model.parameters())
    assert 1_000_000 <= parameters <= 4_000_000
    assert isinstance(mini.model, GPT)
    assert mini.model.config == MINI
    assert mini.tokenizer.vocabulary == corpus.vocabulary()


def test_its_output_has_a_row_for_every_token(mini):
    assert mini.tokens("The cat sat.") == ["the", "cat", "sat", "."]
    assert mini.logits("The cat sat.").shape == (4, len(mini.tokenizer))
    config = mini.model.config
    assert mini.attention("The cat sat.").shape == (config.n_layers, config.n_heads, 4, 4)
    assert mini.attention_input("The cat sat.", 1).shape == (4, config.d_model)


def test_what_the_heads_of_a_layer_read_is_what_the_layer_computes_with(mini):
    x = mini.attention_input(TIRED, 2)
    layer = mini.model.blocks[2].attention
    seen = []

    def look(q, k, v):
        seen.append(v)
        return torch.zeros_like(v)

    with with_attention(mini.model, look, layers=[2]), torch.no_grad():
        mini.model(mini.ids(TIRED))
    merged = seen[0].transpose(1, 2).flatten(2)[0]
    torch.testing.assert_close(merged, layer.value(x))


def test_the_recurring_sentence_names_the_cat_or_the_mat(mini):
    assert mini.next_words(TIRED, 1)[0][0] == "cat"
    assert mini.next_words(SOFT, 1)[0][0] == "mat"


def test_its_next_words_are_probabilities_in_order(mini):
    words = mini.next_words(TIRED, len(mini.tokenizer))
    shares = [share for _, share in words]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1, abs=1e-5)


def test_the_probability_of_a_word_is_that_of_the_next_token(mini):
    word, share = mini.next_words(TIRED, 1)[0]
    assert mini.probability(TIRED, word) == share
    with pytest.raises(ValueError, match="should be one token, but it is 2"):
        mini.probability(TIRED, "the cat")


def test_its_continuations_depend_on_the_seed_alone(mini):
    once = mini.continued(TIRED, 5, seed=1)
    assert once == mini.continued(TIRED, 5, seed=1)
    assert once.startswith("the cat sat on the mat because it was tired. the tired one is the cat")
    assert len({mini.continued("\n", 10, seed=seed) for seed in range(5)}) == 5


def test_a_continuation_may_be_longer_than_the_context(mini):
    text = mini.continued("\n", 80, seed=2)
    assert len(mini.tokenizer.encode(text)) == 81


def test_cold_it_takes_the_likeliest_word_each_time(mini):
    word, _ = mini.next_words("the cat sat on the", 1)[0]
    assert mini.continued("the cat sat on the", 1, temperature=1e-4).endswith(f" {word}")


def test_it_does_what_the_course_says_of_it(mini):
    sentences = [s for pair in corpus.referents(77, 60) for s in pair]
    referent = referent_scores(mini.model, mini.tokenizer, sentences)
    assert referent.accuracy >= 0.99
    repeated = repeated_random_tokens(32, 32, len(mini.tokenizer), seed=77)
    found = {
        "previous token": previous_token_scores(mini.model, mini.ids(TIRED)),
        "induction": induction_scores(mini.model, repeated),
        "referent": referent.weights_right,
    }
    for name, role in mini.roles.items():
        assert found[name][role.layer, role.head] > 0.8, name
    assert copying_accuracy(mini.model, repeated) >= 0.9
    assert sum_accuracy(mini.model, mini.tokenizer) >= 0.9


@pytest.mark.deep
def test_the_roles_it_carries_are_those_of_its_heads_and_of_the_committed_report(mini):
    measured = measure_heads(mini).roles
    written = REPORT.read_text(encoding="utf-8")
    for name, role in mini.roles.items():
        now = measured[name]
        assert (now.layer, now.head) == (role.layer, role.head)
        assert now.score == pytest.approx(role.score, abs=0.002)
        said = re.search(rf"\*\*{name}\*\*[^|]*\| (\d)\.(\d): ([\d.]+) \|", written)
        assert said, f"the report does not speak of {name}"
        assert (int(said[1]), int(said[2])) == (role.layer, role.head)
        assert float(said[3]) == pytest.approx(role.score, abs=0.002)


@pytest.mark.parametrize(
    ("name", "floor"), [("previous token", 0.95), ("induction", 0.9), ("referent", 0.9)]
)
def test_every_seed_of_the_report_formed_the_head(name, floor):
    row = next(
        line for line in REPORT.read_text(encoding="utf-8").splitlines() if f"**{name}**" in line
    )
    scores = [float(score) for score in re.findall(r"\d\.\d: ([\d.]+)", row)]
    assert len(scores) == 3
    assert min(scores) >= floor


def test_saving_and_loading_gives_the_same_model_in_half_precision(tmp_path):
    torch.manual_seed(0)
    model = GPT(GPTConfig(vocab_size=3, context=4, n_layers=1, n_heads=2, d_model=4, bias=False))
    path = tmp_path / "small.safetensors"
    save_mini_model(path, model, ["a", "b", "c"], {"induction": HeadRole(0, 1, 0.5)})
    loaded = load_mini_model(path)
    assert loaded.tokenizer.vocabulary == ("a", "b", "c")
    assert loaded.roles == {"induction": HeadRole(0, 1, 0.5)}
    for own, given in zip(loaded.model.parameters(), model.parameters(), strict=True):
        assert torch.equal(own, given.detach().half().float())
    assert loaded.model.lm_head.weight is loaded.model.tok_emb.weight


def test_loading_leaves_the_random_state_alone():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    load_mini_model()
    assert torch.equal(torch.rand(2), expected)


def test_an_empty_text_and_a_strange_word_are_told(mini):
    with pytest.raises(ValueError, match="The text is empty"):
        mini.logits("")
    with pytest.raises(ValueError, match="never seen “quantum”"):
        mini.attention("the quantum cat")


def test_a_missing_or_damaged_file_is_told_by_its_name(tmp_path):
    for name, content in {"none": None, "empty": b"", "cut": WEIGHTS.read_bytes()[:5000]}.items():
        path = tmp_path / f"{name}.safetensors"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(ValueError, match=rf"cannot be read from .*{name}\.safetensors"):
            load_mini_model(path)


def test_a_file_of_other_tensors_is_told(tmp_path):
    save_file({"x": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match="holds no mini model of this course"):
        load_mini_model(tmp_path / "other.safetensors")


def test_loading_imports_nothing_slow():
    code = (
        f"import sys; from {mini_model.__name__} import *; load_mini_model(); print(*sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    modules = set(loaded.stdout.split())
    assert not modules & {"matplotlib", "torch._dynamo", "IPython", "rich", "typer"}
