# Calls pgBackRest with the configuration and the stanza of ARGUMENTS.
# Source: https://pgbackrest.org/command.html


def try_pgbackrest(command, *arguments, timeout=600):
    """(what it prints, None) or (None, reason)."""
    argv = ["pgbackrest", "--config=" + ARGUMENTS["config"], "--stanza=" + ARGUMENTS["stanza"],
            "--log-level-console=off", "--log-level-stderr=error", "--no-log-timestamp", command, *arguments]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=timeout)
    except (OSError, subprocess.TimeoutExpired) as error:
        return None, "pgbackrest %s: %s" % (command, type(error).__name__)
    if done.returncode == 0:
        return done.stdout, None
    # "P00  ERROR: [058]: what went wrong", and what it goes on to say further in.
    lines = [line.partition("ERROR: ")[2] for line in done.stderr.splitlines() if "ERROR: " in line]
    reason = (lines or done.stderr.strip().splitlines() or ["exit code %d" % done.returncode])[0]
    return None, "pgbackrest %s: %s" % (command, reason)


def pgbackrest(command, *arguments, timeout=600):
    """What it prints. The script fails with it."""
    output, reason = try_pgbackrest(command, *arguments, timeout=timeout)
    if reason is not None:
        fail(reason)
    return output
