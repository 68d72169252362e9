#!/bin/sh
# `arb` in a container: where the servers are and what it may say to them stands in files, which it is told as values.
set -eu
for name in ARB_NATS_PASSWORD ARB_POSTGRES_URL ARB_REDIS_URL; do
  eval "value=\${$name:-} file=\${${name}_FILE:-}"
  if [ -z "$value" ] && [ -n "$file" ]; then
    value=$(cat "$file")
    eval "export $name=\$value"
    unset "${name}_FILE"
  fi
done
exec node "${ARB_CHECKOUT:-/app}/cli/arb.js" "$@"
