#!/usr/bin/env bash
# Builds the server without optimisation and starts it with the demo flags; keys and data stay in .flagstaff/ between starts.
#
# FLAGSTAFF_LISTEN, FLAGSTAFF_DATABASE, FLAGSTAFF_ADMIN_TOKEN, FLAGSTAFF_SERVER_KEY, FLAGSTAFF_CLIENT_KEY and
# FLAGSTAFF_CLIENT_LOCAL_KEY in the environment take precedence over the defaults of this script.
source "$(dirname "$0")/lib.sh"

[ -e "$TARGET_DIR/debug/flagstaff" ] || say "the first build compiles everything that the server uses: about 4 minutes on two cores"
scripts/build.sh --debug server

keys=$ROOT/.flagstaff/dev.env
# Other users of this machine must not read keys and data.
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
# Created by \`make run\`, for this machine only. To start again without data, delete this file and flagstaff.db beside it.
FLAGSTAFF_ADMIN_TOKEN=$(random_key fs_admin)
FLAGSTAFF_SERVER_KEY=$(random_key fs_server)
FLAGSTAFF_CLIENT_KEY=$(random_key fs_client)
FLAGSTAFF_CLIENT_LOCAL_KEY=$(random_key fs_local)
KEYS
  )
  mv "$keys.new" "$keys"
fi

# Reads from the file, and prints, only the keys that are not in the environment.
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
# The link signs in once, and the server prints it only if nobody else can reach the address.
case $FLAGSTAFF_LISTEN in
  127.* | "[::1]"*)
    export FLAGSTAFF_SIGN_IN_LINK=${FLAGSTAFF_SIGN_IN_LINK:-true}
    admin_ui="$url, by the link below, which signs you in"
    ;;
  *) admin_ui="$url, with the token FLAGSTAFF_ADMIN_TOKEN" ;;
esac
cat <<TEXT

Flagstaff with the demo flags on $url

  Admin UI       $admin_ui
  Example page   $url/example/#key=$FLAGSTAFF_CLIENT_KEY

  Change a flag in the admin UI, or with curl, and watch the example page:

  curl -X PUT $url/api/v1/projects/default/environments/production/flags/wishlist-gallery \\
    -H 'Authorization: Bearer $FLAGSTAFF_ADMIN_TOKEN' -H 'Content-Type: application/json' \\
    -d '{"enabled": true, "rolloutPercentage": 100}'

TEXT
if [ ${#printed[@]} -gt 0 ]; then
  printf 'Keys of the environment production, stored in .flagstaff/dev.env:\n\n'
  printf '  %s\n' "${printed[@]}"
  printf '\n'
fi
printf 'Ctrl-C stops the server. For an optimised server, run make build.\n\n'

exec "$TARGET_DIR/debug/flagstaff" serve --seed server/demo/flags.json
