#!/usr/bin/env bash
# Checks the programs that install the packages for Python and JavaScript, and says how to get missing ones.
source "$(dirname "$0")/../lib.sh"

need python3 "apt-get install python3 python3-venv"
need node "https://nodejs.org, version 20 or newer"
need npm "it comes with Node, or: apt-get install npm"
need_version python3 "$(python3 --version 2>/dev/null | cut -d ' ' -f 2)" 3.10 "your system's newer Python 3"
need_version node "$(node --version 2>/dev/null | tr -d v)" 20 "https://nodejs.org"
if has python3 && ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
  MISSING+=("Python's venv module: apt-get install python3-venv")
fi
end_needs
