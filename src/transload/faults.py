"""An error as values: its kind, what can be done about it, and the fault that rows and reports hold."""

from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Literal

Retryable = Literal["never", "auto", "credentials", "operator"]

EXIT_OK = 0
EXIT_BUG = 1
EXIT_USAGE = 2
EXIT_PARTIAL = 3
EXIT_FAILED = 4
EXIT_INPUT = 5
EXIT_ENVIRONMENT = 6
EXIT_INTERRUPTED = 130


class NextStep(StrEnum):
    """What somebody can do about an error. A face puts it into its own words: `present/next_steps.py` has the usual."""

    # with the source
    ADD_VOLUME = auto()
    CHECK_ADDRESS = auto()
    CHECK_FILE = auto()
    CHECK_PATH = auto()
    DOWNLOAD_AGAIN = auto()
    GET_AGAIN = auto()
    GET_FRESH_LINK = auto()
    GIVE_LOGIN = auto()
    GIVE_OTHER_PASSWORD = auto()
    GIVE_PASSWORD = auto()
    GIVE_WHOLE_ADDRESS = auto()
    HAND_IN_PASSWORD = auto()
    JUDGE_FOLDER = auto()
    OPEN_IN_BROWSER = auto()
    SEND_ALL_FILES = auto()
    SEND_UNOPENED = auto()
    UNPACK = auto()
    UNPACK_OUTER = auto()
    USE_PASSWORD_FILE = auto()
    # with the command or the job
    CHOOSE_DESTINATION = auto()
    CONTINUE = auto()
    CONTINUE_LATER = auto()
    CORRECT_DESTINATION = auto()
    DELIVER_TO_LIBRARY = auto()
    LIST_JOBS = auto()
    LIST_QUARANTINE = auto()
    NOTHING = auto()
    READ_AGAIN = auto()
    RETRY_FOR_PASSWORD = auto()
    RETRY_JOB = auto()
    SEE_HELP = auto()
    SEE_QUARANTINE = auto()
    TAKE_UP_JOB = auto()
    TRY_ONCE_MORE = auto()
    WAIT_FOR_COMMAND = auto()
    WAIT_FOR_JOB = auto()
    # with the machine and its settings
    ALLOW_ADDRESS = auto()
    ALLOW_NETWORK = auto()
    CHECK_CLOCK = auto()
    CHECK_DISK = auto()
    CHECK_NETWORK = auto()
    CLEAN_UP = auto()
    FREE_SPACE = auto()
    GET_TOOL = auto()
    GIVE_RIGHT_TO_WRITE = auto()
    LIST_SETTINGS = auto()
    LOOK_UP_SETTING = auto()
    MAKE_WRITABLE = auto()
    MOUNT = auto()
    RAISE_LIMIT = auto()
    REMOVE_FILE = auto()
    SIGN_IN = auto()
    REPORT_BUG = auto()
    RESTORE_LEDGER = auto()
    UPDATE = auto()
    USE_LARGER_MACHINE = auto()


@dataclass(frozen=True, slots=True)
class Step:
    """A next step in one case: `about` is the setting, the path or the address it is done with."""

    code: NextStep
    about: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """What is fixed for a kind of error: its stable word, title, HTTP status, who can retry, the usual next step."""

    word: str
    title: str
    status: int
    retryable: Retryable
    step: NextStep
    exit_status: int = EXIT_FAILED


@dataclass(frozen=True, slots=True)
class Fault:
    """An error as a value: rows and reports hold this, never exceptions.

    `suggestion` is the case's own, if any; a fault that an earlier version stored has it as a text.
    """

    kind: str
    detail: str
    stage: str | None = None
    item: str | None = None
    attempts: int = 1
    suggestion: str | Step | None = None
    evidence: str | None = None

    @property
    def is_of_destination(self) -> bool:
        """Whether the destination refused it, and not we."""
        return self.kind.startswith("dest.")
