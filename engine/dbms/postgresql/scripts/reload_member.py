# Has this member's Patroni read its file again and its database reload. Patroni only promises to; the time at which the
# server read its files says when.


def loaded():
    """When the server last read its files, as it writes it; None while it does not answer."""
    output, _ = psql("SELECT pg_conf_load_time();", timeout=5)
    return (output or "").strip() or None


before = loaded()
if before is None:
    fail("the database does not answer")
code, text = request(LOCAL, "POST", "/reload", timeout=10)
if code not in (200, 202):
    fail("Patroni did not reload: %s" % (text or code))
# At its next look at the cluster, seconds apart.
if not wait(30, lambda: loaded() not in (before, None), 0.2):
    fail("not reloaded after 30 s")
