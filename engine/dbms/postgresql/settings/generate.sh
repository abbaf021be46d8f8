#!/usr/bin/env bash
# SPDX-License-Identifier: MPL-2.0
# Writes <major>.csv beside itself: what the real server of the image dbaas/postgresql:<major> says about its own
# parameters (the view pg_settings), extensions of the contrib package included. Run it when an image gets a new major
# or minor version, and commit what it wrote.
#
#   engine/dbms/postgresql/settings/generate.sh [MAJOR...]      needs a Docker engine and the images (./dev images)
set -euo pipefail
cd "$(dirname "$0")"

# Runs inside a throw-away container. The loaded libraries are those that Debian ships with the server and that
# bring parameters of their own; kLibraries in parameters.cc lists the ones that may be preloaded.
read -r -d '' inside <<'INSIDE' || true
set -eu
initdb --pgdata /tmp/data --auth trust --locale C.UTF-8 --encoding UTF8 >/dev/null
preloaded=auth_delay,auto_explain,pg_prewarm,pg_stat_statements
pg_ctl --pgdata /tmp/data --wait --silent --log /tmp/log \
  --options "-c listen_addresses='' -c unix_socket_directories=/tmp -c shared_preload_libraries=$preloaded" start
psql -X -q -h /tmp -U postgres postgres <<'SQL'
LOAD 'plpgsql';
LOAD 'pg_trgm';
LOAD 'postgres_fdw';
\copy (SELECT lower(name), context, vartype, unit, min_val, max_val, array_to_string(enumvals, '|') FROM pg_settings ORDER BY lower(name) COLLATE "C") TO STDOUT WITH (FORMAT csv)
SQL
pg_ctl --pgdata /tmp/data --wait --silent --mode immediate stop
INSIDE

if (($# == 0)); then set -- 15 17; fi
for major; do
  image=dbaas/postgresql:$major
  {
    echo "# PostgreSQL $(docker run --rm "$image" postgres --version | sed 's/^[^0-9]*\([0-9.]*\).*/\1/')"
    echo "# name,context,vartype,unit,min_val,max_val,enumvals"
    docker run --rm --network none "$image" bash -c "$inside"
  } >"$major.csv.new"
  mv "$major.csv.new" "$major.csv"
  echo "$major.csv: $(grep -vc '^#' "$major.csv") parameters"
done
