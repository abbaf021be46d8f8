# Makes, prolongs or drops a role for a short time, on the primary. Repeating it changes nothing.


def drop(doomed_sql):
    """Drops the roles that the query is about: it answers with the steps, each a JSON array of a database and what to
    run there. None, or the reason why not all of it could be done."""
    steps, reason = psql(doomed_sql)
    for line in (steps or "").splitlines():
        database, sql = json.loads(line)
        _, failed = psql(sql, database=database)
        reason = reason or failed
    return reason


if ARGUMENTS["sql"]:
    _, reason = psql(ARGUMENTS["sql"])
    if reason:
        fail(reason)
    if ARGUMENTS["doomed_sql"]:
        drop(ARGUMENTS["doomed_sql"])  # What somebody left behind. Whoever comes next tries again.
else:
    reason = drop(ARGUMENTS["doomed_sql"])
    if reason:
        fail(reason)
