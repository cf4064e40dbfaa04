"""Command line: ``gi``, or ``python -m gi_core``. Exit status 0 done, 1 incomplete, 2 bad input, 130 stopped.

Each command is the ``command`` of a module of its own, imported when it is called: ``gi --help`` waits for none.
"""

from __future__ import annotations

import importlib
import time

import click

from gi_core import __version__
from gi_core.errors import BadInput

STOPPED = 130
COMMANDS = {
    "run": "Attack one update and measure what came out.",
    "list": "What there is: models, attacks, defenses, priors, metrics, samples, ...",
    "study": "Run a grid of experiments; a table that is there already is continued.",
    "evidence": "The strongest recorded attack on a setting, whatever the attack, its knowledge and seed.",
    "audit": "A recorded update, or your own network and pictures: sheet, attacks, verdict, report.",
    "inspect": "What a client can see of the model it was sent: red, amber or green, and why.",
    "train": "Train a network by name; interrupted, the same command goes on from the checkpoint.",
    "data": "Data sets as the arrays that studies, trainings and benchmarks read.",
    "app": "Start the web app.",
    "export": "Write the whole explorer as a folder that needs no server: attacks run in the reader's browser.",
}
"""Names and first lines; the module of ``list`` is ``list_``, as that of a name which Python has taken."""
TAKEN = ("list",)


class Commands(click.Group):
    """A group that imports a command when it is asked for."""

    def list_commands(self, ctx: click.Context | None) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context | None, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        return importlib.import_module(f"{__name__}.{name}{'_' * (name in TAKEN)}").command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands)
@click.version_option(__version__, prog_name="gradient-inversion-explorer")
def main() -> None:
    """The Gradient Inversion Explorer: what does a federated update tell about its pictures?"""


def entry_point() -> None:
    """Run the command line; bad input becomes one sentence on stderr and exit status 2."""
    started = time.time()
    try:
        main(standalone_mode=False)
    except BadInput as error:
        click.echo(f"error: {error}", err=True)
        raise SystemExit(2) from None
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
    except click.ClickException as error:
        error.show()
        raise SystemExit(2) from None
    except (click.Abort, KeyboardInterrupt):
        click.echo(f"stopped after {time.time() - started:.0f} s", err=True)
        raise SystemExit(STOPPED) from None
