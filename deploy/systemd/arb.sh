#!/bin/sh
# `arb` on a machine where the units run, for root: it knows the servers by /etc/arbitrage-lite.
#   ln -s /opt/arbitrage-lite/deploy/systemd/arb.sh /usr/local/bin/arb
set -eu
etc=${ARB_ETC:-/etc/arbitrage-lite}
# What is a backup's business is done as the journal's owner; all else as one who may only look and give commands.
case ${1:-} in backup | restore) for=backup ;; *) for=cli ;; esac
set -a
. "$etc/settings.env"
set +a
export ARB_NATS_USER=cli ARB_HOME="${ARB_HOME:-/var/lib/arbitrage-lite/arb}" ARB_CHECKOUT="${ARB_CHECKOUT:-/opt/arbitrage-lite}"
export ARB_NATS_PASSWORD_FILE="$etc/secrets/for/cli/nats-password" ARB_REDIS_URL_FILE="$etc/secrets/for/cli/redis-url"
export ARB_POSTGRES_URL_FILE="$etc/secrets/for/$for/postgres-url"
exec sh "$ARB_CHECKOUT/deploy/compose/arb.sh" "$@"
