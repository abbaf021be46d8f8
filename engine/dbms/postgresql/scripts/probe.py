# What is going on in this cluster? Asked of any running member; everything is as fresh as it can be: each member is
# asked itself, and what lives in the database is read only when this member has caught up with the primary.
def probe():
    facts = {"self": get(LOCAL, "/patroni")}
    cluster = get(LOCAL, "/cluster")
    if facts["self"] is None or not isinstance(cluster, dict):
        return facts
    facts["cluster"] = cluster
    facts["members"] = get_all(addresses_of(cluster), "/patroni")
    leader = leader_of(cluster)
    facts["config"] = get(addresses_of(cluster).get(leader, LOCAL), "/config") or get(LOCAL, "/config")

    written = ((facts["members"].get(leader) or {}).get("xlog") or {}).get("location")
    sql = ARGUMENTS["sql"]
    if leader != facts["self"].get("patroni", {}).get("name") and written is not None:
        sql = "%s\n%s" % (ARGUMENTS["replay_sql"].replace("WRITTEN", str(int(written))), sql)
    output, facts["error"] = psql(sql, timeout=5)
    if output is not None:
        facts["database"] = json.loads(output)
    return facts


print(json.dumps(probe()))
