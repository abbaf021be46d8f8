# Calls pgBackRest with the configuration and the stanza of ARGUMENTS.
# Source: https://pgbackrest.org/command.html
import re
import signal

# Where somebody waits for the answer. pgBackRest waits nine times as long for a bucket that does not answer.
SOON = "--io-timeout=3"
# Between two looks at a process, in seconds.
LOOK = 0.05
REPOSITORY_UNREADABLE = 99
NOT_WITH_THIS_KEY = "it is encrypted with another key, or its list of backups is damaged"


def reason_of_clock(refused, latest):
    """Names are times: that of a full one, and after "_" the own one of what builds on it. Says the same at each try."""
    kinds, others = ("differential or incremental", "full") if "_" in refused else ("full", "incremental")
    ahead = latest if "_" in refused else latest.partition("_")[0]
    began = re.sub(r"(....)(..)(..)-(..)(..)(..).", r"\1-\2-\3 \4:\5:\6", ahead.rpartition("_")[2])
    return ("backup %s was begun by a clock that was ahead, and until %s UTC no other %s one can be taken: if the clock is "
            "behind now, set it; else take %s ones until then" % (ahead, began, kinds, others))


def reason_of(report):
    """What went wrong, in a line; of a request that an S3 service refused, with what was asked and its words."""
    lines = [line.strip() for line in report.strip().splitlines()] or [""]
    labels = re.match(r".*new backup label '(\S+)' is not later than latest backup label '(\S+)'", lines[0])
    if labels:
        return reason_of_clock(*labels.groups())
    if not lines[0].endswith(":"):
        return lines[0]
    if "*** Path/Query ***:" not in lines:
        return " ".join(lines[:2])
    asked = lines[lines.index("*** Path/Query ***:") + 1].partition("?")[0]

    def found(pattern):
        return re.findall(pattern, "\n".join(lines))[:1]

    host = found("host: (.*)")
    # In the answer, or in its head where it has nothing else.
    why = found("(?:<Code>|-error-code: )([^<\n]+)") + found('(?:<Message>|-error-desc: ")([^<\n"]+)')
    return ": ".join([" ".join([lines[0][:-1], "for", asked, *(["at", *host] if host else [])]), *why])


class Lost(Exception):
    pass


def outcome(process, timeout, looks):
    """What it wrote, to stdout and to stderr. Meanwhile each of `looks` is called again and again with the process; one says
    true where nobody will answer it any more. It is ended then, or in the end, with those that it started."""
    deadline = time.monotonic() + timeout
    try:
        while True:
            left = max(0, deadline - time.monotonic())
            try:
                return process.communicate(timeout=min(LOOK, left) if looks else left)
            except subprocess.TimeoutExpired:
                if any([look(process) for look in looks]):
                    raise Lost from None
                if time.monotonic() >= deadline:
                    raise
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def try_pgbackrest(command, *arguments, timeout=600, looks=()):
    """(what it prints, None) or (None, reason)."""
    argv = ["pgbackrest", "--config=" + ARGUMENTS["config"], "--stanza=" + ARGUMENTS["stanza"],
            "--log-level-console=off", "--log-level-stderr=warn", "--no-log-timestamp", command, *arguments]
    try:
        with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              errors="replace", process_group=0) as process:
            output, errors = outcome(process, timeout, looks)
    except Lost:
        return None, "pgbackrest %s: it waited for an answer" % command
    except (OSError, subprocess.TimeoutExpired) as error:
        return None, "pgbackrest %s: %s" % (command, type(error).__name__)
    if process.returncode == 0:
        return output, None
    # "ERROR: [058]: what went wrong", and what it goes on to say further in.
    warnings, _, report = errors.partition("ERROR: ")
    # Whom it could not ask, and why, is a warning; that it found no primary, the error.
    unasked = re.findall("WARN: unable to check pg[0-9]+: (.*)", warnings)
    reasons = [reason_of(report or errors or "exit code %d" % process.returncode), *unasked]
    return None, "pgbackrest %s: %s" % (command, "; ".join(reasons))


def pgbackrest(command, *arguments, timeout=600):
    """What it prints. The script fails with it."""
    output, reason = try_pgbackrest(command, *arguments, timeout=timeout)
    if reason is not None:
        fail(reason)
    return output


def stanzas():
    """What the repository holds. With one that cannot be read this succeeds, too: it is a status, without a backup."""
    found = json.loads(pgbackrest("info", "--output=json", SOON, timeout=60), strict=False)
    for stanza in found:
        if stanza["status"]["code"] == REPOSITORY_UNREADABLE:  # Says "other"; the reason follows its [kind].
            kind, _, report = stanza["repo"][0]["status"]["message"].partition("] ")
            # What another key makes of a file is noise, which may pass for its first line.
            is_noise = kind in ("[CryptoError", "[FormatError")
            stanza["status"]["message"] = NOT_WITH_THIS_KEY if is_noise else reason_of(report)
    return found
