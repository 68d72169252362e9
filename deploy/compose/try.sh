#!/usr/bin/env bash
# Tries the whole stack with whatever Docker is here, from nothing to nothing:
#   deploy/compose/try.sh [--no-build] [--keep] [--quick]
# Up and healthy; the live flow seen from outside without credentials; each container with its own secrets only; the session verified;
# each process killed once and back; down and up again with the same session; releases of another image and of another configuration, one
# that cannot run, and how long nothing is decided meanwhile; the profiles standby, observability and canary; a disaster that only a
# backup survives; and nothing secret in configuration, environment, image, logs, events or metrics.
# It works on a project of its own, so it never touches the data of `docker compose up`; only the two ports must be free
# (NATS_PORT, DASHBOARD_PORT). Exit code 0 only when every check was good.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 2

project=${TRY_PROJECT:-arbitrage-lite-try}
within=${TRY_WITHIN_SECONDS:-120}
nats_port=${NATS_PORT:-4222}
page_port=${DASHBOARD_PORT:-8080}
# First the world's edge, last what everything else stands on.
killed="simulator market-data aggregator strategy risk executor alerting dashboard journal redis nats postgres"
standbys="journal-standby market-data-standby aggregator-standby strategy-standby risk-standby executor-standby alerting-standby"
secrets_file=$(mktemp)
parts="journal market-data aggregator strategy risk executor alerting dashboard"
ours="simulator $parts"
build=yes keep=no kills=yes
for word in "$@"; do
  case $word in
    --no-build) build=no ;;
    --keep) keep=yes ;;
    --quick) kills=no ;; # leaves out the kills
    *) sed -n '2,9p' "$0" >&2; exit 2 ;;
  esac
done

export COMPOSE_PROJECT_NAME=$project
image=arbitrage-lite:local
failures=0
summary=''
compose() { docker compose -p "$project" "$@"; }
note() { printf '%s\n' "$1"; summary+="$1"$'\n'; }
good() { note "  good    $1"; }
bad() { note "  FAILED  $1"; failures=$((failures + 1)); }
now_ms() { local now=${EPOCHREALTIME/[.,]/}; echo $((now / 1000)); }
since() { local ms=$(($(now_ms) - $1)); printf '%d.%d s' $((ms / 1000)) $((ms % 1000 / 100)); }

finish() {
  trap - EXIT INT TERM
  rm -f "$secrets_file" "${override:-}"
  if [ "$failures" -gt 0 ]; then
    echo "last lines of the logs:"
    compose ps -a
    compose logs --tail 8 2>&1 | cut -c1-400
  fi
  if [ "$keep" = yes ]; then
    echo "left running: docker compose -p $project down --volumes removes it"
  else
    COMPOSE_PROFILES='*' compose down --volumes --remove-orphans --timeout 20 >/dev/null 2>&1 || echo "project $project could not be removed: docker compose -p $project down --volumes" >&2
  fi
  docker image rm "$project:next" "$project:broken" >/dev/null 2>&1
  printf '\nsummary\n%s' "$summary"
  if [ "$failures" -eq 0 ]; then echo "all good"; exit 0; fi
  echo "$failures failed"
  exit 1
}
give_up() { bad "$1"; finish; }
trap 'give_up interrupted' INT TERM
trap finish EXIT

# All that should serve and does not, in one line; empty when everything is well.
unwell() {
  local all
  all=$(compose ps -a --format '{{.Service}} {{.State}} {{.Health}}') || { echo "docker compose ps failed"; return; }
  awk -v want="$killed" '
    { state[$1] = $2 " " $3 }
    END { n = split(want, name, " "); for (i = 1; i <= n; i++) if (state[name[i]] != "running healthy") printf "%s (%s) ", name[i], (name[i] in state ? state[name[i]] : "not there") }' <<<"$all"
}
# Asks each process itself, in one go: what `docker compose ps` shows may be ten seconds old.
unready() {
  local asker=simulator service urls=(http://simulator:9100/healthz)
  [ "$1" != simulator ] || asker=journal
  for service in $ours; do [ "$service" = simulator ] || urls+=("http://$service:8080/readyz"); done
  compose exec -T "$asker" node deploy/compose/healthy.mjs "${urls[@]}" 2>&1 >/dev/null || echo "(asked in $asker)"
}
until_ready() {
  local end=$((SECONDS + within)) left
  while left=$(unready "$1")$(unwell); [ -n "$left" ]; do
    if [ $SECONDS -ge $end ]; then echo "$left"; return 1; fi
    sleep 0.2
  done
}
container() { compose ps -aq "$1" | head -n 1; }
started_at() { docker inspect -f '{{.State.StartedAt}}' "$(container "$1")" 2>/dev/null; }
psql() { compose exec -T postgres sh -c 'PGPASSWORD=$(cat /secrets/password) psql -h 127.0.0.1 -U arb -d arb -At -c "$1"' _ "$1" 2>/dev/null; }
session() { compose exec -T journal arb sessions --json --limit 1 | sed -n 's/^\[{"id":"\([^"]*\)".*/\1/p'; }

up() {
  local began; began=$(now_ms)
  if compose up -d --wait --wait-timeout "$within" >/tmp/"$project".up 2>&1; then good "$1: healthy after $(since "$began")"
  else tail -n 5 /tmp/"$project".up; give_up "$1: not all healthy, given up after $(since "$began")"; fi
  rm -f /tmp/"$project".up
}

look() {
  local said rc=0
  if command -v node >/dev/null; then said=$(node deploy/compose/look.mjs "$nats_port" "$page_port") || rc=$?
  else said=$(docker run --rm -i --network host arbitrage-lite:local node --input-type=module - "$nats_port" "$page_port" <deploy/compose/look.mjs) || rc=$?; fi
  note "$said"
  [ "$rc" -eq 0 ] || failures=$((failures + 1))
}

verify() {
  local said began; began=$(now_ms)
  if said=$(compose run --rm -T arb verify "${2:-last}" 2>&1); then good "arb verify, $1: $(since "$began"); $(grep -m 1 '^session ' <<<"$said")"
  else bad "arb verify, $1: exit code $?"; printf '%s\n' "$said" | tail -n 12 | cut -c1-400; fi
}

# The longest time without a decision between two moments of the database, in ms.
moment() { psql 'SELECT clock_timestamp()'; }
longest() {
  psql "SELECT coalesce(round(1000 * extract(epoch FROM max(pause))), -1) FROM (SELECT stored_at - lag(stored_at) OVER (ORDER BY stored_at) AS pause
    FROM events_ledger WHERE type = 'decision' AND taken AND stored_at BETWEEN '$1' AND '$2') decided"
}
# From the last merged book that the parent session could decide on to the first one of the child that all who decide were there for.
undecided() {
  psql "SELECT round(1000 * extract(epoch FROM (SELECT min(stored_at) FROM events_market WHERE session_number = c.number AND type = 'l2' AND position >
      (SELECT max(first) FROM (SELECT min(position) AS first FROM events_ledger WHERE session_number = c.number AND type = 'service.started'
        AND subject ~ '\\.(aggregator|strategy|risk|executor)\$' GROUP BY subject) started))
    - (SELECT max(stored_at) FROM events_market WHERE session_number = p.number AND type = 'l2'))) FROM sessions c JOIN sessions p ON p.id = c.parent WHERE c.id = '$1'"
}
# Whether the executor begins a child session with what it ended its parent with: cash and coins, open round trips, transfers.
carried() {
  compose exec -T journal sh -c "arb state executor --json --at $1 >/tmp/before && arb state executor --json --at $2:1 >/tmp/after" >/dev/null 2>&1 || { echo "arb state failed"; return 1; }
  compose exec -T journal node -e "
    const [before, after] = ['before', 'after'].map((name) => JSON.parse(require('node:fs').readFileSync('/tmp/' + name, 'utf8')).state);
    const other = ['ledger', 'tally', 'traded', 'trips', 'transfers', 'begun'].filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]));
    console.log(other.length === 0 ? before.trips.length + ' open round trips' : 'not the same: ' + other.join(', '));
    process.exitCode = other.length === 0 ? 0 : 1;"
}
# What a process answers to /readyz.
said_by() { compose exec -T "$1" node -e 'fetch("http://127.0.0.1:8080/readyz").then(async (answer) => console.log(await answer.text()))' 2>/dev/null; }
writer() { if grep -q standsBy <<<"$(said_by journal)"; then echo journal-standby; else echo journal; fi; }

# An image of another version: what follows stands on it.
build_on() { docker build -q -t "$project:$1" - <<<"FROM $image
USER 0
RUN $2
USER 1000:1000" >/dev/null || give_up "the image $1 cannot be built"; }

# A release by deploy/compose/release.sh: a child of the session before, the same positions, nothing traded twice.
release() {
  local parent child end before during began said left
  parent=$(session)
  before=$(moment)
  sleep 10
  during=$(moment)
  began=$(now_ms)
  if said=$(deploy/compose/release.sh --within "$within" 2>&1); then good "release, $1: done after $(since "$began")"
  else bad "release, $1: exit code $?"; printf '%s\n' "$said" | tail -n 8 | cut -c1-600; return; fi
  grep 'handed over' <<<"$said" | sed 's/^release */          /'
  sleep 3
  child=$(session)
  note "          nothing could be decided for $(undecided "$child") ms; without a decision for at most $(longest "$during" "$(moment)") ms, $(longest "$before" "$during") ms in the ten seconds before"
  end=$(psql "SELECT parent_position FROM sessions WHERE id = '$child' AND parent = '$parent'")
  if [ -n "$end" ]; then good "release, $1: $child goes on from $parent at $end"; else bad "release, $1: $child is no child of $parent"; return; fi
  if said=$(carried "$parent:$end" "$child"); then good "release, $1: cash, coins and $said are carried over"; else bad "release, $1: $said"; fi
  if [ -z "$(running_twice)" ]; then good "release, $1: of everything runs one, of the new version"; else bad "release, $1: $(running_twice)"; fi
  left=$(until_ready "") || bad "release, $1: not ready: $left"
  verify "the parent of the release" "$parent"
  said=$(psql "SELECT count(*), count(DISTINCT body->'data'->>'order') FROM events_ledger WHERE type = 'order' AND taken AND body->'data'->>'state' = 'intended'")
  if [ "${said%|*}" -gt 0 ] && [ "${said%|*}" = "${said#*|}" ]; then good "release, $1: of ${said%|*} orders none was sent twice"; else bad "release, $1: orders sent, different ones: $said"; fi
}
# Containers of which there is more than one, or that run another image than is meant.
running_twice() {
  local wanted; wanted=$(docker image inspect -f '{{.Id}}' "$image")
  for service in $parts $([ "${COMPOSE_PROFILES:-}" = "" ] || echo $standbys); do
    # shellcheck disable=SC2046
    [ "$(docker inspect -f '{{.Image}}' $(compose ps -q "$service") 2>/dev/null)" = "$wanted" ] || printf '%s ' "$service"
  done
}

same_session() {
  local found; found=$(session)
  if [ -n "$found" ] && [ "$found" = "$2" ]; then good "$1: the session is still $found"
  else bad "$1: the session was $2 and is ${found:-unknown}"; fi
}

if [ "$build" = yes ]; then
  began=$(now_ms)
  compose build --quiet || give_up "the image cannot be built"
  good "image built in $(since "$began")"
fi
good "image arbitrage-lite:local, $(($(docker image inspect -f '{{.Size}}' arbitrage-lite:local) / 1000000)) MB"

compose down --volumes --remove-orphans --timeout 20 >/dev/null 2>&1
up "up from nothing"
first=$(session)
[ -n "$first" ] || give_up "the journal knows no session"

look

published=$(docker ps --filter "label=com.docker.compose.project=$project" --format '{{.Ports}}' | tr ',' '\n' | grep -- '->' | grep -v '127\.0\.0\.1:' || true)
if [ -z "$published" ]; then good "nothing is published but on 127.0.0.1"; else bad "published to the world: $published"; fi

as_root=''
for service in $ours nats redis postgres; do
  user=$(compose exec -T "$service" id -u)
  [ "${user:-0}" != 0 ] || as_root+=" $service"
done
if [ -z "$as_root" ]; then good "nothing runs as root"; else bad "root, or unknown:$as_root"; fi

# Each container sees its own password and nobody else's.
strangers=''
for service in $ours; do
  [ "$service" = simulator ] || strangers+=$(compose exec -T "$service" sh -c "
    [ \"\$ARB_NATS_USER\" = $service ] && [ -s /secrets/nats-password ] || echo ' $service lacks its own;'
    ls -R /secrets | grep -E '^(nats-|for\$)' | grep -vx nats-password | sed 's/^/ $service sees /'
    touch /app/x 2>/dev/null && echo ' $service may write its own code;'
    true" 2>&1)
done
if [ -z "$strangers" ]; then good "each service sees its own password only, and a root that it cannot write"; else bad "secrets or rights:$strangers"; fi

verify "live"

[ "$kills" = yes ] && for service in $killed; do
  before=$(started_at "$service")
  began=$(now_ms)
  # From inside: a kill by Docker counts as a wish that it should stay away.
  compose exec -T "$service" sh -c 'kill -KILL -1' >/dev/null 2>&1
  end=$((SECONDS + within))
  while [ "$(started_at "$service")" = "$before" ] && [ $SECONDS -lt $end ]; do sleep 0.2; done
  if [ "$(started_at "$service")" = "$before" ]; then bad "$service killed: it was not started again"
  elif left=$(until_ready "$service"); then good "$service killed: all ready again after $(since "$began")"
  else bad "$service killed: not ready after $within s: $left"; fi
done

same_session "after the kills" "$first"
look
verify "after the kills"
before_down=$(session)

began=$(now_ms)
if compose down --timeout 30 >/dev/null 2>&1; then good "down in $(since "$began")"; else bad "down"; fi
up "up again"
same_session "down and up" "$before_down"
look
verify "after down and up"

# A second `up` changes nothing: the passwords stay, nothing is started anew.
before=$(compose ps -q | sort; started_at nats; started_at postgres; started_at journal)
compose up -d --wait --wait-timeout "$within" >/dev/null 2>&1 || bad "up while it is up"
if [ "$(compose ps -q | sort; started_at nats; started_at postgres; started_at journal)" = "$before" ]; then good "up while it is up: nothing is started anew"
else bad "up while it is up: something was started anew"; fi

# Another image, with another version of one core: the session is handed over. One that does not run changes nothing.
build_on broken "echo 'console.error(\"this one cannot run\"); process.exit(1);' >services/executor/dist/main.js"
build_on next "sed -i \"s/strategy: '[0-9]*'/strategy: '999'/\" libs/shared/dist/core/versions.js && grep -q 999 libs/shared/dist/core/versions.js"
before=$(session; compose ps -q | sort)
if said=$(IMAGE=$project:broken deploy/compose/release.sh --within "$within" 2>&1); then bad "a release that cannot run was made"
elif ! grep -q 'executor of the new version does not run' <<<"$said"; then bad "a release that cannot run: $(tail -n 4 <<<"$said" | cut -c1-400)"
elif [ "$(session; compose ps -q | sort)" = "$before" ]; then good "a release that cannot run is refused, and all runs on as it was"
else bad "a release that cannot run: other containers or another session than before"; fi
image=$project:next
export IMAGE=$image
release "another version of a core"
look
verify "after the release"

# The profiles: a second process of all that trades, and what watches.
export COMPOSE_PROFILES=standby,observability
up "with standby and observability"
killed="$killed $standbys prometheus grafana"
query() { compose exec -T prometheus wget -q -O - "http://127.0.0.1:9090/api/v1/query?query=$1" 2>/dev/null; }
end=$((SECONDS + within))
wanted=14
until found=$(query 'sum(arb_live)' | sed -n 's/.*"value":\[[^,]*,"\([0-9.]*\)".*/\1/p'); [ "${found:-0}" -ge "$wanted" ] || [ $SECONDS -ge $end ]; do sleep 1; done
if [ "${found:-0}" -ge "$wanted" ]; then good "Prometheus sees $found processes in the session"; else bad "Prometheus sees ${found:-no} processes in the session, expected $wanted"; fi
said=$(compose exec -T prometheus promtool check config /etc/prometheus/prometheus.yml 2>&1) && good "Prometheus' configuration and rules are sound" || bad "promtool: $said"
for service in strategy market-data "$(writer)"; do
  before=$(started_at "$service") during=$(moment) began=$(now_ms)
  compose exec -T "$service" sh -c 'kill -KILL -1' >/dev/null 2>&1
  end=$((SECONDS + within))
  while [ "$(started_at "$service")" = "$before" ] && [ $SECONDS -lt $end ]; do sleep 0.2; done
  if left=$(until_ready "$service"); then good "$service killed beside its standby: all ready again after $(since "$began"), without a decision for at most $(longest "$during" "$(moment)") ms"
  else bad "$service killed beside its standby: $left"; fi
done
case $(writer) in
  journal-standby) good "the journal's standby writes the session now" ;;
  *) bad "the journal's standby has not taken over" ;;
esac

# Beside the stack each core once more, which only compares: the same code has to answer the same.
shadows="aggregator-shadow strategy-shadow risk-shadow executor-shadow alerting-shadow"
export COMPOSE_PROFILES=standby,observability,canary
before=$(psql "SELECT count(*) FROM events_ledger WHERE NOT taken")
if ! compose up -d --wait --wait-timeout "$within" $shadows >/tmp/"$project".up 2>&1; then tail -n 5 /tmp/"$project".up; bad "canary: not all of it is ready"; fi
rm -f /tmp/"$project".up
for service in $shadows; do
  end=$((SECONDS + within)) said='' equal=0
  # Alerting has little to say.
  case $service in alerting-*) wanted=0 ;; *) wanted=50 ;; esac
  until [ "${equal:-0}" -ge "$wanted" ] && [ -n "$said" ] || [ $SECONDS -ge $end ]; do
    said=$(said_by "$service")
    equal=$(sed -n 's/.*"equal":\([0-9]*\).*/\1/p' <<<"$said")
    sleep 0.5
  done
  case $said in
    '{"status":"ready"'*'"different":0,'*) if [ "${equal:-0}" -ge "$wanted" ]; then good "$service: $equal answers as recorded, none otherwise"; else bad "$service: only ${equal:-0} answers compared"; fi ;;
    *) bad "$service: ${said:0:600}" ;;
  esac
done
compose rm --stop --force $shadows >/dev/null 2>&1
export COMPOSE_PROFILES=standby,observability

# Another configuration, with the standbys beside: a child session goes on from the state of the one before.
override=$(mktemp)
{
  echo 'services:'
  for service in $ours $standbys; do printf '  %s: { environment: { ARB_STRATEGY_MIN_EDGE_BPS: "16" } }\n' "$service"; done
} >"$override"
export COMPOSE_FILE=docker-compose.yml:$override
release "another configuration"
look
verify "after the release of a configuration"

# Back to the one before without the script, as all of it anew.
unset COMPOSE_FILE
parent=$(session) during=$(moment) began=$(now_ms)
if compose up -d --wait --wait-timeout "$within" >/tmp/"$project".up 2>&1; then
  if [ "$(psql "SELECT parent FROM sessions ORDER BY number DESC LIMIT 1")" = "$parent" ]; then good "handover by up -d alone: a child of $parent; all healthy after $(since "$began")"
  else bad "handover by up -d alone: expected a child of $parent, found $(session)"; fi
else tail -n 5 /tmp/"$project".up; bad "handover by up -d alone: not all healthy after $(since "$began")"; fi
sleep 3
note "          nothing could be decided for $(undecided "$(session)") ms; without a decision for at most $(longest "$during" "$(moment)") ms"
rm -f /tmp/"$project".up
verify "after up -d alone"

# A disaster: the database and the stream are gone, what is left is a backup.
lost=$(session)
compose stop $ours $standbys >/dev/null 2>&1
began=$(now_ms)
if said=$(compose run --rm -T backup 2>&1); then good "backup in $(since "$began"): $(grep -m 1 'found whole' <<<"$said" | sed 's:.*/::')"
else printf '%s\n' "$said" | tail -n 5; bad "no backup"; fi
compose down --timeout 30 >/dev/null 2>&1
docker volume rm "$project"_postgres "$project"_streams >/dev/null || bad "the volumes of the disaster could not be removed"
began=$(now_ms)
compose up -d --wait --wait-timeout "$within" postgres >/dev/null 2>&1
if said=$(compose run --rm -T backup restore last 2>&1); then good "restore: $(grep -m 1 '^restored' <<<"$said")"
else printf '%s\n' "$said" | tail -n 5; bad "the backup could not be restored"; fi
up "after the disaster"
child=$(compose exec -T journal arb sessions --json --limit 1)
if grep -qF "\"parent\":\"$lost\"" <<<"$child"; then good "disaster: $(session) goes on from $lost; all healthy after $(since "$began")"
else bad "disaster: expected a child of $lost, found $child"; fi
verify "after the disaster"

# Nothing secret is told, by anything that can be read without being root.
docker run --rm --network none -v "$project"_secrets:/s:ro "$image" sh -c 'for file in /s/*; do [ -f "$file" ] && cat "$file" && echo; done' | grep . >"$secrets_file"
planted=$(wc -l <"$secrets_file")
told=''
holds() { [ "$(grep -caF -f "$secrets_file")" = 0 ] || told+=" $1;"; }
holds "the configuration" < <(compose config)
# shellcheck disable=SC2046
holds "an environment" < <(docker inspect $(compose ps -aq))
holds "the image's history" < <(docker history --no-trunc "$image")
holds "a layer of the image" < <(docker save "$image")
holds "a log" < <(compose logs --no-color 2>&1)
holds "the journal" < <(compose exec -T postgres sh -c 'PGPASSWORD=$(cat /secrets/password) pg_dump -h 127.0.0.1 -U arb --data-only arb' 2>/dev/null)
holds "the metrics" < <(compose exec -T journal node -e 'fetch("http://127.0.0.1:8080/metrics").then(async (said) => console.log(await said.text()))')
if [ "$planted" -lt 15 ]; then bad "expected 15 passwords in the volume, found $planted"
elif [ -n "$told" ]; then bad "a password shows in$told"
else good "none of $planted passwords shows in configuration, environments, image, logs, journal or metrics"; fi
events=$(psql 'SELECT sum(reltuples)::bigint FROM pg_class WHERE relname LIKE $$events_%$$')
note "          about ${events:-?} events in the journal; memory: $(docker stats --no-stream --format '{{.Name}} {{.MemUsage}}' $(compose ps -q) | sed "s/$project-//; s/-1 / /; s: / .*::" | tr '\n' ',')"
finish
