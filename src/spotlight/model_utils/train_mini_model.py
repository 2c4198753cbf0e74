"""Train the mini model, and measure trained ones: `python -m` with this module's name.

`train` makes one model, `report` measures models of several seeds beside each other and writes
`mini_model_report.md`. The README of this folder says how the shipped files came about.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from spotlight.atomic_files import write_atomically
from spotlight.model_utils.mini_model import load_mini_model, save_mini_model
from spotlight.model_utils.mini_report import Measured, as_markdown, measure, measure_heads
from spotlight.model_utils.mini_training import Recipe, Training

_STEPS_BETWEEN_CHECKPOINTS = 100
_SMOOTHING = 0.95

app = typer.Typer(help=__doc__, no_args_is_help=True, pretty_exceptions_enable=False)
console = Console()


@app.command()
def train(
    out: Annotated[Path, typer.Argument(help="The .safetensors file to write.")],
    seed: Annotated[int, typer.Option(help="Seeds the weights and the data.")] = 0,
    steps: Annotated[
        int, typer.Option(min=1, help="Fewer train a worse model, sooner.")
    ] = Recipe.steps,
    resume: Annotated[bool, typer.Option(help="Go on from the checkpoint beside OUT.")] = False,
) -> None:
    """Train one model on one core, with a checkpoint every hundred steps."""
    torch.set_num_threads(1)
    checkpoint = out.with_suffix(".checkpoint")
    try:
        training = Training.resumed(checkpoint) if resume else Training(Recipe(seed, steps))
    except ValueError as error:
        raise _refused(str(error)) from error
    out.parent.mkdir(parents=True, exist_ok=True)
    started = time.process_time()
    loss = 0.0
    with Progress(
        TextColumn("loss {task.fields[loss]:.3f}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
    ) as progress:
        task = progress.add_task("", total=training.recipe.steps, loss=loss)
        while training.next_step < training.recipe.steps:
            newest = training.advance()
            loss = newest if not loss else _SMOOTHING * loss + (1 - _SMOOTHING) * newest
            progress.update(task, completed=training.next_step, loss=loss)
            if training.next_step % _STEPS_BETWEEN_CHECKPOINTS == 0:
                training.save(checkpoint)
    console.print(f"Trained in {time.process_time() - started:.0f} CPU seconds.")
    save_mini_model(out, training.model, training.batches.tokenizer.vocabulary, {})
    # Measured as it ships, in half precision; so roles and report agree to the last digit.
    mini = load_mini_model(out)
    roles = measure_heads(mini).roles
    save_mini_model(out, mini.model, mini.tokenizer.vocabulary, roles)
    checkpoint.unlink(missing_ok=True)
    for name, role in roles.items():
        console.print(f"{name}: layer {role.layer}, head {role.head}, mean weight {role.score:.3f}")


@app.command()
def report(
    models: Annotated[list[Path], typer.Argument(help="Files that `train` wrote.")],
    out: Annotated[Path, typer.Option(help="The Markdown file to write.")] = Path("report.md"),
) -> None:
    """Measure the heads of trained models and write what was found."""
    torch.set_num_threads(1)
    found: dict[str, Measured] = {}
    for path in models:
        try:
            found[path.stem] = measure(load_mini_model(path))
        except ValueError as error:
            raise _refused(str(error)) from error
    write_atomically({out: as_markdown(found).encode()})
    console.print(f"Wrote {out}.")


def _refused(message: str) -> typer.Exit:
    console.print(message)
    return typer.Exit(2)


if __name__ == "__main__":
    app()
