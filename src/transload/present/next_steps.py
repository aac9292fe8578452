"""The next step of an error as a sentence: the one place outside the command line that names its commands."""

import re
from shlex import quote

from transload.errors import KINDS
from transload.faults import Fault, NextStep, Step
from transload.states import LEFT_OUT, NOT_MEDIA, PASSWORD, PAUSED, UNOPENED

SENTENCES = {
    NextStep.ADD_VOLUME: "Put the named part beside the others and send it again.",
    NextStep.ALLOW_ADDRESS: "If it is yours, a NAS at home for instance, allow it: --set {about}",
    NextStep.ALLOW_NETWORK: "If you trust it, add its network to the setting egress.allow_networks.",
    NextStep.CHECK_ADDRESS: "Check the address and the network, then send it again.",
    NextStep.CHECK_CLOCK: "Check the clock of this machine and the address of the server.",
    NextStep.CHECK_DISK: "Check the disk; `transload doctor` says more.",
    NextStep.CHECK_FILE: "Check the file's permissions and its disk.",
    NextStep.CHECK_NETWORK: "Check the network, then run the same command again: it continues.",
    NextStep.CHECK_PATH: "Check the path; quote names with spaces.",
    NextStep.CHOOSE_DESTINATION: "Choose another --to.",
    NextStep.CLEAN_UP: "Free some space; `transload clean` removes what is no longer needed.",
    NextStep.CONTINUE: "Run the same command again: it continues.",
    NextStep.CONTINUE_LATER: "Run the same command again later: it continues.",
    NextStep.CORRECT_DESTINATION: "Did you mean `--to {about}`?",
    NextStep.DELIVER_TO_LIBRARY: "The original is kept: see `transload quarantine list`."
    " A library takes files of any size.",
    NextStep.DOWNLOAD_AGAIN: "Download it again in full and send it once more: only what is missing is sent.",
    NextStep.FREE_SPACE: "Free some space and run the same command again: it continues.",
    NextStep.GET_AGAIN: "Get the file again and send it once more: only what is missing is sent.",
    NextStep.GET_FRESH_LINK: "The link may have expired: get a fresh one.",
    NextStep.GET_TOOL: "`transload doctor` says how to get it.",
    NextStep.GIVE_LOGIN: "Put user and password into the address: https://user:password@host/file.",
    NextStep.GIVE_OTHER_PASSWORD: "`transload pass JOB` hands another password in.",
    NextStep.GIVE_PASSWORD: "`transload pass JOB` hands the password in, or send again with --password.",
    NextStep.GIVE_RIGHT_TO_WRITE: "Make {about} writable (its owner, its mount) or choose another --to.",
    NextStep.GIVE_WHOLE_ADDRESS: "Give a whole address such as https://host/path/file.zip.",
    NextStep.HAND_IN_PASSWORD: "`transload pass JOB` hands a password in: the job goes on.",
    NextStep.JUDGE_FOLDER: "`transload send {quoted} --dry-run` judges all that is in it.",
    NextStep.LIST_JOBS: "`transload jobs` lists them.",
    NextStep.LIST_QUARANTINE: "`transload quarantine list` shows their ids.",
    NextStep.LIST_SETTINGS: "`transload doctor` lists every setting.",
    NextStep.LOOK_UP_SETTING: "Did you mean {about}? `transload doctor --json` lists every setting.",
    NextStep.MAKE_WRITABLE: "Make the folder writable or choose another --to.",
    NextStep.MOUNT: "Mount or create it, then run the command again.",
    NextStep.NOTHING: "Nothing to do: the other goes on.",
    NextStep.OPEN_IN_BROWSER: "Open the address in a browser; links often expire.",
    NextStep.RAISE_LIMIT: "If you trust the source, raise the named setting.",
    NextStep.READ_AGAIN: "Its original was deleted; `transload retry JOB` reads it from the source again.",
    NextStep.REMOVE_FILE: "Remove it, or choose another --to.",
    NextStep.REPORT_BUG: "The log in the data folder has the traceback; please report it.",
    NextStep.RESTORE_LEDGER: "Restore {about} from a copy, or use another --data-dir.",
    NextStep.RETRY_FOR_PASSWORD: "`transload retry {about}` takes up what was lost, and asks again.",
    NextStep.RETRY_JOB: "`transload retry JOB` tries it again.",
    NextStep.SEE_HELP: "See `transload COMMAND --help`.",
    NextStep.SEE_QUARANTINE: "The original is kept: see `transload quarantine list`.",
    NextStep.SEND_ALL_FILES: "Send it with `--files all` to get it untouched.",
    NextStep.SEND_UNOPENED: "Unpack it with the program that made it, or send with `--files all`:"
    " it is delivered unopened.",
    NextStep.SIGN_IN: "`transload login telegram` signs in.",
    NextStep.TAKE_UP_JOB: "`transload retry JOB` takes it up again.",
    NextStep.TRY_ONCE_MORE: "`transload retry JOB` tries it once more.",
    NextStep.UNPACK: "Unpack it with the program that made it, and send the folder.",
    NextStep.UNPACK_OUTER: "Unpack the outer archive and send the folder, or send it with `--files all`.",
    NextStep.UPDATE: "Update Transload, or use another --data-dir.",
    NextStep.USE_LARGER_MACHINE: "Convert this file on a larger machine.",
    NextStep.USE_PASSWORD_FILE: "Give it with --password-file: one a line, UTF-8.",
    NextStep.WAIT_FOR_COMMAND: "Wait for the other command, or use another --data-dir.",
    NextStep.WAIT_FOR_JOB: "Try again when it has ended: `transload jobs` shows it.",
}

_REASONS = {
    LEFT_OUT: f"{LEFT_OUT} by --include or --exclude",
    NOT_MEDIA: f"{NOT_MEDIA}: `--files all` delivers it",
    UNOPENED: f"{UNOPENED}: `--files all` delivers it unopened",
}
_ENDS_WAIT = {PASSWORD: "transload pass {job}", PAUSED: "transload resume {job}"}
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


def ends_wait(reason: str | None, job_id: str) -> str:
    """What a person does to end the wait of a job; empty where nobody need do anything."""
    return _ENDS_WAIT.get(reason or "", "").format(job=job_id)


def reason_text(why: str) -> str:
    """Why an item became what it is, with the option that changes that where there is one."""
    return _REASONS.get(why, why)


def sentence(step: Step, *, job_id: str | None = None, command: str = "") -> str:
    """A step in words."""
    words = _typed(SENTENCES[step.code], job_id, command)
    return words.format(about=step.about, quoted=quote(step.about))


def _typed(words: str, job_id: str | None, command: str) -> str:
    places = {"JOB": job_id or "JOB", "COMMAND": command}

    def filled(quoted: re.Match[str]) -> str:
        line = _PLACE.sub(lambda place: places[place[0]], quoted[0])
        return " ".join(line.split())

    return _COMMAND_LINE.sub(filled, words)
