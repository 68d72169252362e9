#!/usr/bin/env bash
# A release on one machine: what runs goes on with the image and the settings as they are now, in a child session where these decide
# otherwise, its state kept.
#   docker compose build                    # or IMAGE=… in .env
#   deploy/compose/release.sh [--within SECONDS]
# The new processes start beside those that run and wait; then the old journal gives its lock back, the new one cuts the session, the old
# cores keep its last state, the new ones go on, and only then the old ones end. Where a new one cannot run, all stays as it was: exit
# code 1 says so. Project, files and settings are those of `docker compose` here (COMPOSE_PROJECT_NAME, COMPOSE_FILE, .env).
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 2

within=120
case "$#:${1:-}" in
  0:) ;;
  2:--within) within=$2 ;;
  *) sed -n '2,9p' "$0" >&2; exit 2 ;;
esac

servers="nats redis postgres"
# As they are started: who cuts, who is connected to the world, then as a book meets them.
parts="journal market-data aggregator strategy risk executor alerting"
# Also those that only a profile starts are known by name.
export COMPOSE_PROFILES='*'
project=$(docker compose config --format json | sed -n 's/^  "name": "\([^"]*\)",*$/\1/p')
[ -n "$project" ] || { echo "release: docker compose knows no project here" >&2; exit 1; }

begun=${EPOCHREALTIME/[.,]/}
after() { local ms=$(((${EPOCHREALTIME/[.,]/} - $1) / 1000)); printf '%d.%d s' $((ms / 1000)) $((ms % 1000 / 100)); }
say() { printf 'release %7s  %s\n' "$(after "$begun")" "$1"; }
running() { docker ps -q --filter "label=com.docker.compose.project=$project" --filter "label=com.docker.compose.oneoff=False" --filter "label=com.docker.compose.service=$1"; }
# As it is now and as it would be started: a process' settings, as its own code reads them.
settings() {
  printf "import { loadConfig } from '@arb/shared/config';
    try { console.log(JSON.stringify(loadConfig({ env: process.env }).session.market%s)); } catch (error) { console.error(error.message); process.exit(78); }" "$1"
}
# What a process answers to /readyz, without starting another in its container.
state() { docker exec "$1" bash -c 'exec 3<>/dev/tcp/127.0.0.1/8080 && printf "GET /readyz HTTP/1.0\r\nConnection: close\r\n\r\n" >&3 && timeout 4 tail -n 1 <&3' 2>/dev/null; }
last_words() { docker logs --tail 3 "$1" 2>&1 | cut -c1-600 | sed 's/^/    /'; }

declare -A new=() old=()
cut=no
give_up() {
  trap '' INT TERM
  say "FAILED: $1"
  if [ "$cut" = yes ]; then
    say "the handover is under way and goes on by itself: docker compose ps and logs say what is missing; docker compose up -d starts what is not there"
  else
    # shellcheck disable=SC2086
    [ "${#new[@]}" = 0 ] || docker rm -f ${new[*]} >/dev/null
    say "nothing was handed over: what ran goes on as it was"
  fi
  exit 1
}
trap 'give_up interrupted' INT TERM

# ---- may it be at all

for part in $parts simulator; do
  old[$part]=$(running "$part")
  case $(wc -w <<<"${old[$part]}") in
    0) give_up "$part does not run here: docker compose up -d, which then is the release" ;;
    1) ;;
    *) give_up "$part runs more than once, as after a release that was interrupted: docker compose up -d first" ;;
  esac
done
source_now=$(docker exec "${old[market-data]}" node --input-type=module -e "$(settings .source)") || give_up "market-data does not say what it runs"
source_next=$(docker compose run --rm --no-deps -T market-data node --input-type=module -e "$(settings .source)" 2>&1) ||
  give_up "the new version cannot run with these settings: $(grep -v '^ Container' <<<"$source_next" | tail -n 5)"
source_next=$(tail -n 1 <<<"$source_next")
[ "$source_now" = "$source_next" ] || give_up "market.source is $source_next now, and $source_now is what runs: another world is no release, docker compose up -d"
market_now=$(docker exec "${old[simulator]}" node --input-type=module -e "$(settings '')") || give_up "the simulator does not say what it runs"
market_next=$(docker compose run --rm --no-deps -T simulator node --input-type=module -e "$(settings '')" 2>/dev/null | tail -n 1)

# ---- the new ones, beside the old ones

for once in init roles; do
  docker compose up -d --no-deps "$once" >/dev/null 2>&1
  container=$(docker ps -aq --filter "label=com.docker.compose.project=$project" --filter "label=com.docker.compose.oneoff=False" --filter "label=com.docker.compose.service=$once")
  [ "$(docker wait "$container")" = 0 ] || give_up "$once of the new version did not end well: $(last_words "$container")"
done

# Servers whose settings are others now: a longer pause, because all that runs has to reach them again.
changed=''
for server in $servers; do
  container=$(running "$server")
  [ -n "$container" ] || give_up "$server does not run"
  if [ "$(docker compose config --hash "$server" | cut -d' ' -f2)" != "$(docker inspect -f '{{index .Config.Labels "com.docker.compose.config-hash"}}' "$container")" ]; then changed+=" $server"
  else
    written=$(docker exec "$container" sh -c 'for file in /secrets/*.conf; do [ ! -f "$file" ] || date -u -r "$file" +%Y-%m-%dT%H:%M:%S; done')
    [[ "${written:-0}" < "$(docker inspect -f '{{.State.StartedAt}}' "$container")" ]] || changed+=" $server"
  fi
done

# One after the other: so those that trade notice little of it.
for part in $parts; do
  docker compose up -d --no-deps --no-recreate --scale "$part=2" "$part" >/dev/null 2>&1
  for container in $(running "$part"); do [ "$container" = "${old[$part]}" ] || new[$part]=$container; done
  [ -n "${new[$part]:-}" ] || give_up "a second $part could not be started: docker compose up -d --no-deps --no-recreate --scale $part=2 $part says why"
done
say "the new ones start beside the old ones: $parts"

# Ready, where the running session is of its version and configuration; else it says that it differs.
waits() {
  local said
  said=$(state "$1")
  [[ "$said" == *'"status":"ready"'* || "$said" == *'"differsFrom"'* ]]
}
end=$((SECONDS + within))
for part in $parts; do
  until waits "${new[$part]}"; do
    if [ "$(docker inspect -f '{{.State.Status}} {{.RestartCount}}' "${new[$part]}")" != 'running 0' ]; then
      last_words "${new[$part]}"
      give_up "$part of the new version does not run"
    fi
    [ $SECONDS -lt $end ] || give_up "$part of the new version does not get ready within $within s: $(state "${new[$part]}")"
    sleep 0.2
  done
done
say "all of them wait for their turn"

# ---- the handover

standbys=''
for part in $parts; do [ -z "$(running "$part-standby")" ] || standbys+=" $part-standby"; done
cut=yes
if [ -n "$changed" ]; then
  say "a longer pause: the settings of$changed have changed"
  # shellcheck disable=SC2086
  docker compose up -d --no-deps --force-recreate --wait --wait-timeout "$within" $changed >/dev/null 2>&1 || give_up "$changed did not get healthy again"
fi
# The second cores of the version that ends would only take processor time from the cut: the first ones keep its state.
seconds=''
for standby in $standbys; do case $standby in journal-* | market-data-*) ;; *) seconds+=" $(running "$standby")" ;; esac; done
# shellcheck disable=SC2086
[ -z "$seconds" ] || docker stop $seconds >/dev/null
handover=${EPOCHREALTIME/[.,]/}
# Its standby as well: of the version that ends none may get the lock.
# shellcheck disable=SC2046
docker stop $(running journal-standby) "${old[journal]}" >/dev/null || give_up "the old journal does not end"
end=$((SECONDS + within))
until said=$(state "${new[journal]}") && [[ "$said" != *'"standsBy"'* ]]; do
  [ $SECONDS -lt $end ] || give_up "the new journal does not get the lock: $said"
done
# It would claim the lease of the next session, too.
# shellcheck disable=SC2046
docker stop "${old[market-data]}" $(running market-data-standby) >/dev/null &
if [ "$market_now" != "$market_next" ]; then
  say "a longer pause: another market is traded, so the simulated exchanges begin anew"
  docker compose up -d --no-deps --force-recreate simulator >/dev/null 2>&1 || give_up "the simulator does not start"
fi
for part in $parts; do
  until [[ "$(state "${new[$part]}")" == *'"status":"ready"'* ]]; do
    [ $SECONDS -lt $end ] || give_up "$part of the new version is not ready $within s after the cut: $(state "${new[$part]}")"
    sleep 0.1
  done
done
wait
say "handed over: all of the new ones are ready $(after "$handover") after the old journal was told to end"

# ---- what is left to do takes nothing away from trading

# shellcheck disable=SC2086
docker stop ${old[aggregator]} ${old[strategy]} ${old[risk]} ${old[executor]} ${old[alerting]} >/dev/null
for part in $parts; do docker rm -f "${old[$part]}" >/dev/null; done
for service in dashboard $standbys; do
  docker compose up -d --no-deps --wait --wait-timeout "$within" "$service" >/dev/null 2>&1 || give_up "$service of the new version does not get healthy"
done
say "$(docker exec "${new[journal]}" arb sessions --json --limit 1 | sed -n 's/^\[{"id":"\([^"]*\)".*"parent":"*\([^",]*\).*/the session is \1, its parent \2/p')"
[ "$market_now" != "$market_next" ] || say "left as it was: the simulator (docker compose up -d --no-deps simulator, some seconds without books)"
