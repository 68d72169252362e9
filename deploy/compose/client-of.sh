#!/bin/sh
# Copies programs of PostgreSQL so that they run in an image of another distribution:
#   client-of.sh FOLDER PROGRAM...
# FOLDER/lib holds every library that they load, and the loader that finds them there; FOLDER/bin starts them by it.
set -eu
folder=$1
shift
mkdir -p "$folder/bin" "$folder/lib" "$folder/programs"
for name in "$@"; do
  program=
  # Debian's own /usr/bin/pg_dump is a script that looks for these.
  for found in /usr/lib/postgresql/*/bin/"$name" /usr/local/bin/"$name" /usr/bin/"$name"; do
    if [ -z "$program" ] && [ -x "$found" ]; then program=$found; fi
  done
  [ -n "$program" ] || { echo "client-of.sh: there is no $name in this image: POSTGRES_IMAGE should be an image of PostgreSQL" >&2; exit 1; }
  cp -L "$program" "$folder/programs/$name"
  ldd "$program" | grep -o '/[^ )]*' | sort -u | while read -r library; do cp -L "$library" "$folder/lib/"; done
  loader=$(ldd "$program" | grep -o '/[^ )]*/ld-[^ )/]*' | head -n 1)
  loader=${loader##*/}
  printf '#!/bin/sh\nexec %s/lib/%s --library-path %s/lib %s/programs/%s "$@"\n' "$folder" "$loader" "$folder" "$folder" "$name" >"$folder/bin/$name"
  chmod 755 "$folder/bin/$name"
  "$folder/bin/$name" --version
done
