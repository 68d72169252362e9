#!/bin/sh
# `arb` in a container: it knows the journal's database by an address only, which here stands in a file.
set -eu
if [ -z "${ARB_POSTGRES_URL:-}" ] && [ -n "${ARB_POSTGRES_URL_FILE:-}" ]; then
  ARB_POSTGRES_URL=$(cat "$ARB_POSTGRES_URL_FILE")
  export ARB_POSTGRES_URL
  unset ARB_POSTGRES_URL_FILE
fi
exec node /app/cli/arb.js "$@"
