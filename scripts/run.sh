#!/usr/bin/env bash
# Builds what is needed and starts the server with the demo flags; keys and data stay in .flagstaff/ between starts.
#
# FLAGSTAFF_LISTEN, FLAGSTAFF_DATABASE, FLAGSTAFF_ADMIN_TOKEN, FLAGSTAFF_SERVER_KEY, FLAGSTAFF_CLIENT_KEY and
# FLAGSTAFF_CLIENT_LOCAL_KEY in the environment go before the defaults here.
source "$(dirname "$0")/lib.sh"

scripts/build.sh server wasm js

keys=$ROOT/.flagstaff/dev.env
# Keys and data are nobody else's business on this machine.
mkdir -p -m 700 .flagstaff

random_key() { # prefix
  local letters=
  while [ ${#letters} -lt 32 ]; do
    letters+=$(head -c 64 /dev/urandom | LC_ALL=C tr -dc A-Za-z0-9)
  done
  printf '%s_%s' "$1" "${letters:0:32}"
}

if [ ! -f "$keys" ]; then
  (
    umask 077
    cat >"$keys.new" <<KEYS
# Made by \`make run\` for this machine only. Remove the file and flagstaff.db beside it to begin anew.
FLAGSTAFF_ADMIN_TOKEN=$(random_key fs_admin)
FLAGSTAFF_SERVER_KEY=$(random_key fs_server)
FLAGSTAFF_CLIENT_KEY=$(random_key fs_client)
FLAGSTAFF_CLIENT_LOCAL_KEY=$(random_key fs_local)
KEYS
  )
  mv "$keys.new" "$keys"
fi

# What the environment gives goes first; only what it lacks is read from the file, and printed.
printed=()
while IFS='=' read -r name value; do
  [[ $name == FLAGSTAFF_* ]] || continue
  if [ -z "${!name:-}" ]; then
    export "$name=$value"
    printed+=("$name=$value")
  fi
done <"$keys"
export FLAGSTAFF_LISTEN=${FLAGSTAFF_LISTEN:-127.0.0.1:8080}
export FLAGSTAFF_DATABASE=${FLAGSTAFF_DATABASE:-sqlite://.flagstaff/flagstaff.db}

url=http://$FLAGSTAFF_LISTEN
cat <<TEXT

Flagstaff with the demo flags on $url

  Example page   $url/example/#key=$FLAGSTAFF_CLIENT_LOCAL_KEY
  Switch a flag and watch the page:

  curl -X PUT $url/api/v1/projects/default/environments/production/flags/wishlist-gallery \\
    -H 'Authorization: Bearer $FLAGSTAFF_ADMIN_TOKEN' -H 'Content-Type: application/json' \\
    -d '{"enabled": true, "rolloutPercentage": 100}'

TEXT
if [ ${#printed[@]} -gt 0 ]; then
  printf 'Keys (environment production), kept in .flagstaff/dev.env:\n\n'
  printf '  %s\n' "${printed[@]}"
  printf '\n'
fi
printf 'Ctrl-C stops the server.\n\n'

exec "$TARGET_DIR/release/flagstaff" serve --seed server/demo/flags.json
