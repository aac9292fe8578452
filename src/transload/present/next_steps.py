"""The next step of an error as a sentence: the one place outside the command line that names its commands."""

import re

from transload.errors import KINDS
from transload.faults import Fault, NextStep, Step

SENTENCES = {
    NextStep.ADD_VOLUME: "Put the named part beside the others and send it again.",
    NextStep.CHECK_ADDRESS: "Check the address and the network, then send it again.",
    NextStep.CHECK_FILE: "Check the file's permissions and its disk.",
    NextStep.CHECK_PATH: "Check the path; quote names with spaces.",
    NextStep.DOWNLOAD_AGAIN: "Download it again in full and send it once more: only what is missing is sent.",
    NextStep.GET_AGAIN: "Get the file again and send it once more: only what is missing is sent.",
    NextStep.GET_FRESH_LINK: "The link may have expired: get a fresh one.",
    NextStep.GIVE_LOGIN: "Put user and password into the address: https://user:password@host/file.",
    NextStep.GIVE_OTHER_PASSWORD: "`transload pass JOB` hands another password in.",
    NextStep.GIVE_PASSWORD: "`transload pass JOB` hands the password in, or send again with --password.",
    NextStep.GIVE_WHOLE_ADDRESS: "Give a whole address such as https://host/path/file.zip.",
    NextStep.OPEN_IN_BROWSER: "Open the address in a browser; links often expire.",
    NextStep.SEND_ALL_FILES: "Send it with `--files all` to get it untouched.",
    NextStep.UNPACK: "Unpack it with the program that made it, and send the folder.",
    NextStep.CONTINUE: "Run the same command again: it continues.",
    NextStep.CONTINUE_LATER: "Run the same command again later: it continues.",
    NextStep.DELIVER_TO_LIBRARY: "The original is kept: see `transload quarantine list`."
    " A library takes files of any size.",
    NextStep.LIST_JOBS: "`transload jobs` lists them.",
    NextStep.NOTHING: "Nothing to do: the other goes on.",
    NextStep.RETRY_JOB: "`transload retry JOB` tries it again.",
    NextStep.SEE_HELP: "See `transload COMMAND --help`.",
    NextStep.SEE_QUARANTINE: "The original is kept: see `transload quarantine list`.",
    NextStep.TAKE_UP_JOB: "`transload retry JOB` takes it up again.",
    NextStep.TRY_ONCE_MORE: "`transload retry JOB` tries it once more.",
    NextStep.WAIT_FOR_COMMAND: "Wait for the other command, or use another --data-dir.",
    NextStep.ALLOW_NETWORK: "If you trust it, add its network to the setting egress.allow_networks.",
    NextStep.CHECK_CLOCK: "Check the clock of this machine and the address of the server.",
    NextStep.CHECK_DISK: "Check the disk; `transload doctor` tells more.",
    NextStep.CHECK_NETWORK: "Check the network, then run the same command again: it continues.",
    NextStep.FREE_SPACE: "Free some space and run the same command again: it continues.",
    NextStep.GET_TOOL: "`transload doctor` says how to get it.",
    NextStep.LIST_SETTINGS: "`transload doctor` lists every setting.",
    NextStep.MAKE_WRITABLE: "Make the folder writable or choose another --to.",
    NextStep.MOUNT: "Mount or create it, then run the command again.",
    NextStep.RAISE_LIMIT: "If you trust the source, raise the named setting.",
    NextStep.REPORT_BUG: "The log in the data folder has the traceback; please report it.",
    NextStep.USE_LARGER_MACHINE: "Convert this file on a larger machine.",
}

_COMMAND_LINE = re.compile(r"`transload [^`]*`")
_PLACE = re.compile(r"\b(?:JOB|COMMAND)\b")


def next_step(fault: Fault, *, job_id: str | None = None, command: str = "") -> str:
    """What to do about a fault, as can be typed: JOB and COMMAND in it are what they stand for here.

    A ledger of an earlier version holds whole sentences; they are filled in the same way.
    """
    own = fault.suggestion or Step(KINDS[fault.kind].step)
    if isinstance(own, Step):
        return sentence(own, job_id=job_id, command=command)
    return _typed(own, job_id, command)


def sentence(step: Step, *, job_id: str | None = None, command: str = "") -> str:
    """A step in words."""
    return _typed(SENTENCES[step.code], job_id, command).format(about=step.about)


def _typed(words: str, job_id: str | None, command: str) -> str:
    places = {"JOB": job_id or "JOB", "COMMAND": command}

    def filled(quoted: re.Match[str]) -> str:
        line = _PLACE.sub(lambda place: places[place[0]], quoted[0])
        return " ".join(line.split())

    return _COMMAND_LINE.sub(filled, words)
