#!/usr/bin/env bash
# Tries the whole stack with whatever Docker is here, from nothing to nothing:
#   deploy/compose/try.sh [--no-build] [--keep] [--quick]
# Up and healthy; the live flow seen from outside without credentials; each container with its own secrets only; the session verified;
# each process killed once and back; down and up again with the same session; a handover to a child session; the profiles standby,
# observability and canary; a disaster that only a backup survives; and nothing secret in configuration, environment, image, logs, events
# or metrics.
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
standbys="aggregator-standby strategy-standby risk-standby executor-standby alerting-standby"
secrets_file=$(mktemp)
ours="simulator journal market-data aggregator strategy risk executor alerting dashboard"
build=yes keep=no kills=yes
for word in "$@"; do
  case $word in
    --no-build) build=no ;;
    --keep) keep=yes ;;
    --quick) kills=no ;; # leaves out the kills
    *) sed -n '2,8p' "$0" >&2; exit 2 ;;
  esac
done

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
  rm -f "$secrets_file"
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
  if said=$(compose run --rm -T arb verify 2>&1); then good "arb verify, $1: $(since "$began"); $(grep -m 1 '^session ' <<<"$said")"
  else bad "arb verify, $1: exit code $?"; printf '%s\n' "$said" | tail -n 12 | cut -c1-400; fi
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

# The profiles: a second replica of each core, and what watches.
export COMPOSE_PROFILES=standby,observability
up "with standby and observability"
killed="$killed $standbys prometheus grafana"
query() { compose exec -T prometheus wget -q -O - "http://127.0.0.1:9090/api/v1/query?query=$1" 2>/dev/null; }
end=$((SECONDS + within))
wanted=13
until found=$(query 'sum(arb_live)' | sed -n 's/.*"value":\[[^,]*,"\([0-9.]*\)".*/\1/p'); [ "${found:-0}" -ge "$wanted" ] || [ $SECONDS -ge $end ]; do sleep 1; done
if [ "${found:-0}" -ge "$wanted" ]; then good "Prometheus sees $found processes in the session"; else bad "Prometheus sees ${found:-no} processes in the session, expected $wanted"; fi
said=$(compose exec -T prometheus promtool check config /etc/prometheus/prometheus.yml 2>&1) && good "Prometheus' configuration and rules are sound" || bad "promtool: $said"
before=$(started_at strategy) began=$(now_ms)
compose exec -T strategy sh -c 'kill -KILL -1' >/dev/null 2>&1
end=$((SECONDS + within))
while [ "$(started_at strategy)" = "$before" ] && [ $SECONDS -lt $end ]; do sleep 0.2; done
if left=$(until_ready strategy); then good "strategy killed beside its standby: all ready again after $(since "$began")"; else bad "strategy killed beside its standby: $left"; fi

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
    said=$(compose exec -T "$service" node -e 'fetch("http://127.0.0.1:8080/readyz").then(async (answer) => console.log(await answer.text()))' 2>/dev/null)
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

# Another configuration: a child session goes on from the state of the one before.
parent=$(session)
override=$(mktemp)
{
  echo 'services:'
  for service in $ours $standbys; do printf '  %s: { environment: { ARB_STRATEGY_MIN_EDGE_BPS: "16" } }\n' "$service"; done
} >"$override"
began=$(now_ms)
# The journal alone first: so the old cores are there to end their session.
if docker compose -p "$project" -f docker-compose.yml -f "$override" up -d --no-deps journal >/tmp/"$project".up 2>&1 &&
  docker compose -p "$project" -f docker-compose.yml -f "$override" up -d --wait --wait-timeout "$within" >>/tmp/"$project".up 2>&1; then
  child=$(compose exec -T journal arb sessions --json --limit 1)
  if grep -qF "\"parent\":\"$parent\"" <<<"$child"; then good "handover: $(session) goes on from $parent; all healthy after $(since "$began")"
  else bad "handover: expected a child of $parent, found $child"; fi
else tail -n 5 /tmp/"$project".up; bad "handover: not all healthy after $(since "$began")"; fi
gap=$(psql "SELECT round(1000 * extract(epoch FROM (SELECT min(stored_at) FROM events_ledger e JOIN sessions s ON s.number = e.session_number WHERE s.parent = '$parent' AND type = 'decision')
  - (SELECT max(stored_at) FROM events_ledger e JOIN sessions s ON s.number = e.session_number WHERE s.id = '$parent' AND type = 'decision')))")
note "          from the last decision before it to the first one after it: ${gap:-unknown} ms"
rm -f /tmp/"$project".up "$override"
look
verify "after the handover"

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
docker run --rm --network none -v "$project"_secrets:/s:ro arbitrage-lite:local sh -c 'for file in /s/*; do [ -f "$file" ] && cat "$file" && echo; done' | grep . >"$secrets_file"
planted=$(wc -l <"$secrets_file")
told=''
holds() { [ "$(grep -caF -f "$secrets_file")" = 0 ] || told+=" $1;"; }
holds "the configuration" < <(compose config)
# shellcheck disable=SC2046
holds "an environment" < <(docker inspect $(compose ps -aq))
holds "the image's history" < <(docker history --no-trunc arbitrage-lite:local)
holds "a layer of the image" < <(docker save arbitrage-lite:local)
holds "a log" < <(compose logs --no-color 2>&1)
holds "the journal" < <(compose exec -T postgres sh -c 'PGPASSWORD=$(cat /secrets/password) pg_dump -h 127.0.0.1 -U arb --data-only arb' 2>/dev/null)
holds "the metrics" < <(compose exec -T journal node -e 'fetch("http://127.0.0.1:8080/metrics").then(async (said) => console.log(await said.text()))')
if [ "$planted" -lt 15 ]; then bad "expected 15 passwords in the volume, found $planted"
elif [ -n "$told" ]; then bad "a password shows in$told"
else good "none of $planted passwords shows in configuration, environments, image, logs, journal or metrics"; fi
events=$(psql 'SELECT sum(reltuples)::bigint FROM pg_class WHERE relname LIKE $$events_%$$')
note "          about ${events:-?} events in the journal; memory: $(docker stats --no-stream --format '{{.Name}} {{.MemUsage}}' $(compose ps -q) | sed "s/$project-//; s/-1 / /; s: / .*::" | tr '\n' ',')"
finish
