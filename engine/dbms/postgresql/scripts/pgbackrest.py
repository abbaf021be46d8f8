# Calls pgBackRest with the configuration and the stanza of ARGUMENTS.
# Source: https://pgbackrest.org/command.html
import re

# Where somebody waits for the answer. pgBackRest waits nine times as long for a bucket that does not answer.
SOON = "--io-timeout=3"
REPOSITORY_UNREADABLE = 99
NOT_WITH_THIS_KEY = "it is encrypted with another key, or its list of backups is damaged"


def reason_of(report):
    """What went wrong, in a line; of a request that an S3 service refused, with what was asked and its words."""
    lines = [line.strip() for line in report.strip().splitlines()] or [""]
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


def try_pgbackrest(command, *arguments, timeout=600):
    """(what it prints, None) or (None, reason)."""
    argv = ["pgbackrest", "--config=" + ARGUMENTS["config"], "--stanza=" + ARGUMENTS["stanza"],
            "--log-level-console=off", "--log-level-stderr=error", "--no-log-timestamp", command, *arguments]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, errors="replace", timeout=timeout)
    except (OSError, subprocess.TimeoutExpired) as error:
        return None, "pgbackrest %s: %s" % (command, type(error).__name__)
    if done.returncode == 0:
        return done.stdout, None
    # "ERROR: [058]: what went wrong", and what it goes on to say further in.
    report = done.stderr.partition("ERROR: ")[2] or done.stderr or "exit code %d" % done.returncode
    return None, "pgbackrest %s: %s" % (command, reason_of(report))


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
