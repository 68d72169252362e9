#!/usr/bin/env bash
# Exit code 0 when the process of this container is ready, else 1 and what it waits for. Asked every few seconds in every container, so
# it starts nothing but this shell.
#   healthy.sh [PATH [PORT]]
path=${1:-/readyz} port=${2:-${ARB_HTTP_PORT:-8080}}
if ! exec 3<>"/dev/tcp/127.0.0.1/$port"; then echo "nothing listens on port $port"; exit 1; fi
printf 'GET %s HTTP/1.0\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n' "$path" >&3
read -r -t 4 _ status _ <&3 || { echo "no answer from $path within 4 s"; exit 1; }
[ "$status" != 200 ] || exit 0
while read -r -t 1 line <&3 || [ -n "$line" ]; do last=$line; line=''; done
echo "$path answers $status: ${last:0:500}"
exit 1
