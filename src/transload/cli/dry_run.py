"""`transload send --dry-run`: each entry with its verdict, then what the job would cost."""

import json
import sys
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from transload import report
from transload.arguments import nothing_fits
from transload.cli.output import error_lines, say, worst
from transload.cli.passwords import GIVE_PASSWORD, no_job
from transload.cli.send import Choice
from transload.cli.session import Common
from transload.errors import TransloadError
from transload.faults import Fault
from transload.present.dry_run import Cost, cost_lines, entry_line
from transload.web_address import shown

if TYPE_CHECKING:
    from transload.app import App
    from transload.jobs.dry_run import DryRunRequest


@dataclass(frozen=True, slots=True)
class DryRun:
    """One `send --dry-run` command."""

    sources: Sequence[str]
    to: str
    choice: Choice
    passwords: Sequence[str] = field(repr=False)
    common: Common

    async def act(self, app: "App") -> int:
        """Show what each source's job would do; returns the worst of what those would end with."""
        for source in self.sources:
            app.check_source(source)
        as_json = self.common.json
        several, statuses = len(self.sources) != 1, list[int]()
        if several and as_json:
            say("[", sys.stdout)
        for number, source in enumerate(self.sources):
            if number and as_json:
                say(",", sys.stdout)
            statuses.append(await self._one(app, source, alone=not several))
        if several and as_json:
            say("]", sys.stdout)
        return worst(statuses)

    async def _one(self, app: "App", source: str, *, alone: bool) -> int:
        """Show one source; beside others its error is an object of the list, so that this stays one document."""
        show = self._as_document if self.common.json else self._as_lines
        try:
            with no_job():
                return (await show(app, source)).exit_status
        except TransloadError as error:
            if alone or not self.common.json:
                raise
            line = {"source": shown(source), "error": report.error(error.fault())}
            say(json.dumps(line), sys.stdout)
            return error.exit_status

    async def _cost(self, app: "App", source: str) -> Cost:
        return Cost(scratch_bytes=await app.scratch_need(source, self.passwords))

    def _request(self, app: "App", source: str) -> "DryRunRequest":
        choice = self.choice
        return app.dry_run_request(
            source,
            self.to,
            recipe=choice.recipe,
            files=choice.files,
            hevc=choice.hevc,
            include=choice.include or (),
            exclude=choice.exclude or (),
            passwords=self.passwords,
        )

    async def _as_lines(self, app: "App", source: str) -> Cost:
        cost, request = await self._cost(app, source), self._request(app, source)
        async with aclosing(app.rehearse(source, request)) as seen:
            async for one in seen:
                cost.add(one)
                if self.common.talks:
                    say(entry_line(one), sys.stdout)
        cost.fault = await self._misfit(app, source, cost)
        if cost.fault is not None:
            say("\n".join(error_lines(cost.fault)), sys.stderr)
        for line in cost_lines(cost, GIVE_PASSWORD) if self.common.talks else ():
            say(line, sys.stdout)
        return cost

    async def _misfit(self, app: "App", source: str, cost: Cost) -> Fault | None:
        """What the job would end with where `include` fits no name of those there are, else None."""
        include, exclude = self.choice.include or (), self.choice.exclude or ()
        if not include or cost.entries > cost.opened:
            return None
        names = [one.name for one in (await app.list(source, self.passwords)).entries]
        return nothing_fits(include, exclude, names).fault() if names else None

    async def _as_document(self, app: "App", source: str) -> Cost:
        """One JSON object, written entry by entry."""
        cost, request = await self._cost(app, source), self._request(app, source)
        head = {
            "schema": report.SCHEMA,
            "dry_run": True,
            "source": shown(source),
            "destination": self.to,
        }
        text = json.dumps(head | {"recipe": request.recipe.value})[:-1] + ', "entries": ['
        async with aclosing(app.rehearse(source, request)) as seen:
            async for one in seen:
                say(text + "\n" + json.dumps(report.dry_run_entry(one)), sys.stdout, end="")
                text = ","
                cost.add(one)
        end = text if not cost.entries else ""
        cost.fault = await self._misfit(app, source, cost)
        error = "" if cost.fault is None else f', "error": {json.dumps(report.error(cost.fault))}'
        say(end + f'], "totals": {json.dumps(cost.as_dict())}{error}}}', sys.stdout)
        return cost
