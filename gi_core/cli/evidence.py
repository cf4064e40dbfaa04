"""``gi evidence``: the strongest recorded attack on a setting, and all the others."""

from __future__ import annotations

import json
from typing import Any

import click

from gi_core.cli.run import scenario_options
from gi_core.risk.evidence import by_setting, row_of
from gi_core.risk.set_up import setting_of
from gi_core.scenario import Scenario

SHOWN = 12


@click.command("evidence")
@scenario_options
@click.option("--json", "as_json", is_flag=True, help="print one JSON object on stdout: the setting and all runs")
@click.option("--collect", "collecting", is_flag=True, help="gather the table anew from what studies left, first")
def command(as_json: bool, collecting: bool, **fields: Any) -> None:
    """The strongest recorded attack on a setting, whatever the attack, its knowledge and seed."""
    if collecting:
        from gi_core.risk.collect import collect

        collect()
    setting = setting_of(Scenario.from_dict({name: value for name, value in fields.items() if value is not None}))
    found = by_setting().get(setting, ())
    if as_json:
        rows = [row_of(one) for one in found]
        told = {"setting": setting.to_url(), "strongest": rows[0] if rows else None, "runs": rows}
        click.echo(json.dumps(told))
        return
    if not found:
        click.echo("Nothing was recorded at this setting.")
    for one in found[:SHOWN]:
        gain = "no control" if one.gain is None else f"SSIM gain {one.gain:+.3f}"
        click.echo(
            f"{one.scenario.attack}: PSNR {one.psnr:.1f} dB, SSIM {one.ssim:.3f}, {gain}, {one.word or 'not judged'}"
            f" ({one.table}; {one.source})\n    {one.command}"
        )
    if len(found) > SHOWN:
        click.echo(f"and {len(found) - SHOWN} more: --json has them all")
